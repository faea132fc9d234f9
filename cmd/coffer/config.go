package main

import (
	"fmt"
	"log/slog"
	"os"

	"github.com/cofferhq/coffer/config"
	"github.com/spf13/cobra"
)

// configFlags are the flags of every command that reads the configuration.
func configFlags(cmd *cobra.Command) {
	flags := cmd.Flags()
	flags.String("config", os.Getenv("COFFER_CONFIG"), "configuration file (YAML)")
	flags.String("data-dir", "", "where state is kept")
	flags.String("log-level", "", "debug, info, warn or error")
	flags.String("listen", "", "host:port of the API")
}

var flagKeys = map[string]string{"data-dir": "data_dir", "log-level": "log.level", "listen": "http.listen", "roles": "roles"}

func readConfig(cmd *cobra.Command) (config.Config, error) {
	file, err := cmd.Flags().GetString("config")
	if err != nil {
		return config.Config{}, err
	}
	c, err := config.Read(config.Sources{File: file, Environ: os.Environ(), Flags: cmd.Flags(), FlagKey: flagKeys})
	if err != nil && file == "" {
		return c, fmt.Errorf("no configuration file was named (--config FILE), and what stands elsewhere is not enough:\n%w", err)
	}
	return c, err
}

func configCommand() *cobra.Command {
	check := &cobra.Command{
		Use:   "check",
		Short: "Read the configuration and name every key that breaks a rule",
		Args:  noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, err := readConfig(cmd)
			if err != nil {
				return err
			}
			_, err = fmt.Fprintf(cmd.OutOrStdout(), "configuration ok: %d chains, %d signers, threshold %d\n",
				len(c.Chains), len(c.Signing.Signers), c.Signing.Threshold)
			return err
		},
	}
	configFlags(check)
	return group("config", "Look at the configuration", check)
}

// newLogger logs to standard error. The level and format have been checked.
func newLogger(c config.Log) *slog.Logger {
	var level slog.Level
	if err := level.UnmarshalText([]byte(c.Level)); err != nil {
		level = slog.LevelInfo
	}
	options := &slog.HandlerOptions{Level: level}
	if c.Format == "json" {
		return slog.New(slog.NewJSONHandler(os.Stderr, options))
	}
	return slog.New(slog.NewTextHandler(os.Stderr, options))
}
