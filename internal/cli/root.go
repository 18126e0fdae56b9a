package cli

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"
)

const rootLong = `Bargee moves files between two machines over QUIC: encrypted, verified and resumable.

  bargee demo                      try it on this machine, with nothing to set up
  bargee pair                      bring two machines together by a code, and open panes on each other
  bargee serve DIR                 serve DIR; prints a token and a ticket for the other side
  bargee bargee://HOST/            two panes: this directory left, the peer right
  bargee cp -r DIR bargee://HOST/  copy from the shell; run again, it resumes
  bargee send PATH...              hand files over once; prints what the other side types

Addresses:
  NAME:/path                                 a peer that was remembered with --trust
  :/path                                     on the peer that BARGEE_TARGET names
  ssh://[USER@]HOST[:PORT][/path]            any machine that you reach by ssh; without a path its home
  bargee://[FINGERPRINT@]HOST[:PORT]/path    any peer; the port is 6768 by default
  bgticket_...[:/path]                       the peer of a ticket
  CODE[@HOST[:PORT]][:/path]                 who shows that code (bargee pair)
  drops://HOST[:PORT]                        on the screen: what the relay there keeps for us
  path, ./path, /path                        on this machine; write ./a:b for a name with a colon

Secrets, for a peer that is not remembered: --token-file FILE (- reads a line of standard
input), else BARGEE_TOKEN_FILE, else BARGEE_TOKEN, else a prompt. Never an argument.

Files are kept under BARGEE_HOME, or where the system has configuration and state.

Exit codes: 0 done, 1 failed, 2 wrong usage, 3 done but some items failed, 4 secret or key
refused, 5 not reached or no answer, 130 interrupted (run the command again to resume).`

// newRoot returns the whole command line.
func newRoot(a *app) *cobra.Command {
	cmd := &cobra.Command{
		Use:           "bargee [TARGET] [DIR]",
		Short:         "Move files between two machines over QUIC",
		Long:          rootLong,
		Args:          atMost(2),
		SilenceErrors: true,
		SilenceUsage:  true,
	}
	cmd.PersistentFlags().BoolVar(&a.json, "json", false, "print JSON, one object a line")
	cmd.PersistentFlags().BoolVarP(&a.quiet, "quiet", "q", false, "print nothing but results and errors")
	cmd.PersistentFlags().BoolVarP(&a.verbose, "verbose", "v", false, "say what is done")
	cmd.PersistentFlags().BoolVar(&a.noColor, "no-color", false, "no colours (as NO_COLOR does)")
	cmd.PersistentFlags().DurationVar(&a.timeout, "timeout", 0, "longest wait for an answer or for progress (default 10s to connect, 30s without progress)")
	cmd.PersistentFlags().StringVar(&a.configName, "config", "", "read the configuration from `FILE`")
	cmd.PersistentPreRunE = func(run *cobra.Command, _ []string) error {
		if err := a.fillFlags(run); err != nil {
			return err
		}
		if a.timeout < 0 || cmd.PersistentFlags().Changed("timeout") && a.timeout == 0 {
			return usage("--timeout: not a positive duration", "for example: --timeout 30s")
		}
		return nil
	}
	addScreen(cmd, a)
	addVersion(cmd, a)
	cmd.AddCommand(
		newDemo(a), newServe(a), newPair(a), newSend(a), newReceive(a), newDrop(a),
		newRelay(a), newStop(a), newSupervise(a), newEngine(a),
		newLs(a), newTree(a), newStat(a), newDu(a), newDf(a), newCat(a), newHash(a),
		newCp(a), newUpload(a), newDownload(a), newSync(a),
		newMkdir(a), newRm(a), newMv(a), newTouch(a), newChmod(a),
		newMountDAV(a),
		newQueue(a), newHistory(a), newStats(a),
		newPing(a), newDoctor(a), newToken(a), newKey(a), newPeer(a), newConfig(a), newMan(a), newVersion(a),
	)
	for _, c := range append(cmd.Commands(), cmd) {
		if c.ValidArgsFunction == nil && c.Flags().Lookup("trust") != nil { // it goes to peers
			a.completes(c)
		}
	}
	return cmd
}

// nameOf returns the words of cmd without the program's own.
func nameOf(cmd *cobra.Command) string { return strings.TrimPrefix(cmd.CommandPath(), "bargee ") }

// atLeast and atMost check the number of arguments, in words.
func atLeast(n int, what string) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		if len(args) < n {
			return usage(what+" is missing", "usage: "+cmd.UseLine()).about("", nameOf(cmd))
		}
		return nil
	}
}

func atMost(n int) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		if len(args) > n {
			return usage(fmt.Sprintf("%d arguments, at most %d", len(args), n), "usage: "+cmd.UseLine()).about("", nameOf(cmd))
		}
		return nil
	}
}

// exactly is both.
func exactly(n int, what string) cobra.PositionalArgs {
	return cobra.MatchAll(atLeast(n, what), atMost(n))
}
