package cli

import (
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

func newMan(a *app) *cobra.Command {
	return &cobra.Command{
		Use:   "man [COMMAND]",
		Short: "Print the manual page",
		Long: `Print the manual page of bargee, or of one of its commands, for man to show. It is made of what
--help says.`,
		Example: "  bargee man | man -l -\n  bargee man > ~/.local/share/man/man1/bargee.1",
		RunE: func(cmd *cobra.Command, args []string) error {
			page, rest, err := cmd.Root().Find(args)
			if err != nil || len(rest) > 0 || page.Hidden {
				return usage("there is no such command", "bargee --help lists them").about("man", strings.Join(args, " "))
			}
			a.printf("%s", manPage(page))
			return nil
		},
		ValidArgsFunction: func(cmd *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
			at, _, err := cmd.Root().Find(args)
			if err != nil {
				return nil, cobra.ShellCompDirectiveNoFileComp
			}
			var names []string
			for _, c := range shownCommands(at) {
				names = append(names, c.Name()+"\t"+c.Short)
			}
			return names, cobra.ShellCompDirectiveNoFileComp
		},
	}
}

// shownCommands are those below cmd that its help lists.
func shownCommands(cmd *cobra.Command) []*cobra.Command {
	return slices.DeleteFunc(slices.Clone(cmd.Commands()), func(c *cobra.Command) bool {
		return !c.IsAvailableCommand() && c.Name() != "help"
	})
}

// manPage returns the page of cmd in the macros of man(7).
func manPage(cmd *cobra.Command) string {
	var b strings.Builder
	name := strings.ReplaceAll(cmd.CommandPath(), " ", "-")
	fmt.Fprintf(&b, ".TH %s 1 \"\" \"bargee %s\" \"bargee\"\n", roff(strings.ToUpper(name)), roff(version()))
	fmt.Fprintf(&b, ".SH NAME\n%s \\- %s\n", roff(name), roff(cmd.Short))
	fmt.Fprintf(&b, ".SH SYNOPSIS\n.B %s\n", roff(cmd.UseLine()))
	if text := cmd.Long; text != "" {
		b.WriteString(".SH DESCRIPTION\n")
		writeRoff(&b, text)
	}
	if cmd.Example != "" {
		b.WriteString(".SH EXAMPLES\n")
		writeRoff(&b, cmd.Example)
	}
	writeOptions(&b, "OPTIONS", cmd.LocalNonPersistentFlags())
	if cmd.HasParent() {
		writeOptions(&b, "OPTIONS OF ALL COMMANDS", cmd.InheritedFlags())
	} else {
		writeOptions(&b, "OPTIONS OF ALL COMMANDS", cmd.PersistentFlags())
	}
	writeCommands(&b, cmd)
	return b.String()
}

// writeCommands writes what is below cmd: of the program itself all of it, since
// there is one page for all.
func writeCommands(b *strings.Builder, cmd *cobra.Command) {
	subs := shownCommands(cmd)
	if len(subs) == 0 {
		return
	}
	b.WriteString(".SH COMMANDS\n")
	for _, c := range subs {
		fmt.Fprintf(b, ".TP\n.B %s\n%s\n", roff(nameOf(c)), roff(c.Short))
	}
	for _, c := range subs {
		writeCommand(b, c)
	}
}

func writeCommand(b *strings.Builder, c *cobra.Command) {
	fmt.Fprintf(b, ".SH %s\n.B %s\n.PP\n", roff(strings.ToUpper(nameOf(c))), roff(c.UseLine()))
	writeRoff(b, c.Long)
	if c.Example != "" {
		b.WriteString(".PP\nFor example:\n.PP\n")
		writeRoff(b, c.Example)
	}
	c.LocalNonPersistentFlags().VisitAll(func(f *pflag.Flag) { writeOption(b, f) })
	for _, sub := range shownCommands(c) {
		writeCommand(b, sub)
	}
}

func writeOptions(b *strings.Builder, title string, flags *pflag.FlagSet) {
	if !flags.HasAvailableFlags() {
		return
	}
	fmt.Fprintf(b, ".SH %s\n", title)
	flags.VisitAll(func(f *pflag.Flag) { writeOption(b, f) })
}

func writeOption(b *strings.Builder, f *pflag.Flag) {
	if f.Hidden {
		return
	}
	value, use := pflag.UnquoteUsage(f)
	flag := "--" + f.Name
	if f.Shorthand != "" {
		flag = "-" + f.Shorthand + ", " + flag
	}
	if value != "" {
		flag += " " + value
	}
	fmt.Fprintf(b, ".TP\n.B %s\n%s\n", roff(flag), roff(use))
}

// writeRoff writes text as it is laid out: lines that begin with a space are kept as
// they are, others are one paragraph.
func writeRoff(b *strings.Builder, text string) {
	literal := false
	mode := func(to bool) {
		if to != literal {
			b.WriteString(map[bool]string{true: ".nf\n", false: ".fi\n"}[to])
		}
		literal = to
	}
	for line := range strings.Lines(text) {
		line = strings.TrimRight(line, "\n")
		mode(strings.HasPrefix(line, " "))
		if line == "" {
			line = ".PP"
		} else {
			line = roff(line)
		}
		b.WriteString(line + "\n")
	}
	mode(false)
}

var roffEscapes = strings.NewReplacer(`\`, `\e`, "-", `\-`, "\n", " ", "…", "...", "‘", "'", "’", "'")

// roff returns one line of text in which roff sees nothing but text.
func roff(s string) string {
	s = roffEscapes.Replace(s)
	if strings.HasPrefix(s, ".") || strings.HasPrefix(s, "'") {
		s = `\&` + s
	}
	return s
}
