package main

import (
	"fmt"
	"runtime/debug"

	"github.com/spf13/cobra"
)

// version is set by release builds: -ldflags "-X main.version=v1.2.3".
var version = "devel"

func versionCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "version",
		Short: "Print the version",
		Args:  noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			line := "coffer " + version
			if info, ok := debug.ReadBuildInfo(); ok {
				line += " " + info.GoVersion
				for _, setting := range info.Settings {
					if setting.Key == "vcs.revision" {
						line += " " + setting.Value
					}
				}
			}
			_, err := fmt.Fprintln(cmd.OutOrStdout(), line)
			return err
		},
	}
}
