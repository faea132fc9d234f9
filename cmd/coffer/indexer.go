package main

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"time"

	"github.com/cofferhq/coffer"
	"github.com/cofferhq/coffer/config"
	"github.com/cofferhq/coffer/indexer"
	"github.com/cofferhq/coffer/postgres"
	"github.com/cofferhq/coffer/stream"
	"github.com/spf13/cobra"
)

func indexerCommand() *cobra.Command {
	return group("indexer", "What is said about the chains", indexerDivergedCommand(), indexerResumeCommand())
}

func indexerDivergedCommand() *cobra.Command {
	var chain string
	cmd := &cobra.Command{
		Use:   "diverged",
		Short: "Say where what was said about a chain and its node part; changes nothing",
		Args:  noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := needs(cmd, "chain"); err != nil {
				return err
			}
			return withIndexer(cmd, chain, func(ctx context.Context, x *indexer.Indexer, out io.Writer) error {
				d, parted, err := x.Diverged(ctx)
				if err != nil {
					return err
				}
				return sayDivergence(out, d, parted)
			})
		},
	}
	configFlags(cmd)
	cmd.Flags().StringVar(&chain, "chain", "", "CAIP-2, such as eip155:1")
	return cmd
}

func indexerResumeCommand() *cobra.Command {
	var chain, theirs, actor, reason string
	cmd := &cobra.Command{
		Use:   "resume",
		Short: "Let a chain go on that halted at a reorganisation below what was final",
		Long: "Let a chain go on that halted at a reorganisation below what was final. First look with\n" +
			"`coffer indexer diverged`: the blocks named there leave the books, with the deposits and\n" +
			"payouts in them. It holds for this divergence alone, and who said so and why is kept.",
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := needs(cmd, "chain", "reason"); err != nil {
				return err
			}
			return withIndexer(cmd, chain, func(ctx context.Context, x *indexer.Indexer, out io.Writer) error {
				who, err := actorOr(actor)
				if err != nil {
					return err
				}
				d, parted, err := x.Diverged(ctx)
				if err != nil {
					return err
				}
				if !parted {
					return coffer.Errorf(coffer.CodeConflict, "the node of %s says what was said: there is nothing to resume", chain)
				}
				if theirs != "" && theirs != d.Theirs.String() {
					return coffer.Errorf(coffer.CodeConflict, "the node of %s has block %s at height %d now, not %s", chain, d.Theirs, d.Height, theirs)
				}
				if err := x.Resume(ctx, d, who, reason); err != nil {
					return err
				}
				_, err = fmt.Fprintf(out, "%s goes on: its blocks from %d down to %d may leave\n", d.Chain, d.Tip.Height, d.Height)
				return err
			})
		},
	}
	configFlags(cmd)
	cmd.Flags().StringVar(&chain, "chain", "", "CAIP-2, such as eip155:1")
	cmd.Flags().StringVar(&reason, "reason", "", "why the node is right")
	cmd.Flags().StringVar(&theirs, "theirs", "", "the node's block that `diverged` named; another one is refused")
	cmd.Flags().StringVar(&actor, "actor", "", "who says so; the user who runs this")
	return cmd
}

func sayDivergence(out io.Writer, d indexer.Divergence, parted bool) error {
	if !parted {
		_, err := fmt.Fprintf(out, "%s: the node says what was said, up to block %d %s\n", d.Chain, d.Tip.Height, d.Tip.Hash)
		return err
	}
	below := ""
	if d.Height <= d.Final {
		below = fmt.Sprintf("; %d was final", d.Final)
	}
	_, err := fmt.Fprintf(out, "%s parted at height %d%s\nsaid:   %s, up to block %d\ntheirs: %s\n", d.Chain, d.Height, below, d.Ours, d.Tip.Height, d.Theirs)
	return err
}

// withIndexer gives a command the indexer of a configured chain. It takes no lease: another
// process may be following.
func withIndexer(cmd *cobra.Command, id string, run func(ctx context.Context, x *indexer.Indexer, out io.Writer) error) error {
	c, err := readConfig(cmd)
	if err != nil {
		return err
	}
	chain, err := configuredChain(c, id)
	if err != nil {
		return err
	}
	return withDatabase(cmd, false, func(ctx context.Context, db *postgres.DB, out io.Writer) error {
		reader, err := openReader(ctx, chain)
		if err != nil {
			return err
		}
		defer reader.close()
		x, err := indexer.New(indexer.Config{
			Source: reader.source, Log: stream.NewPostgres(db, time.Now), DB: db, Clock: time.Now,
			Logger: newLogger(c.Log).With(slog.String("command", "indexer")), Holder: "none: a command only looks",
		})
		if err != nil {
			return err
		}
		return run(ctx, x, out)
	})
}

func configuredChain(c config.Config, id string) (config.Chain, error) {
	for _, chain := range c.Chains {
		if string(chain.ID) == id {
			return chain, nil
		}
	}
	return config.Chain{}, coffer.Invalid("chain", "%.80q is none of the configured chains", id)
}
