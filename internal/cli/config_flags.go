package cli

import (
	"errors"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/bargee/bargee/internal/config"
	"github.com/bargee/bargee/session"
)

// notKept are flags that neither the file nor, but for serve and relay, the environment
// may set: what they do has to be asked for each time.
var notKept = []string{
	"help", "version", "config", "stdio", "jail", "print-unit", "new-token", "show-ticket", "install", "trust",
	"delete", "force", "recursive", "yes", "all", "dry-run",
}

// tableOf is the name of a command's table in the file, "" if it has none: with dashes,
// as relay-add.
func tableOf(cmd *cobra.Command) string {
	if cmd.Hidden || !cmd.HasParent() || !cmd.Runnable() {
		return ""
	}
	table := strings.ReplaceAll(nameOf(cmd), " ", "-")
	first, _, _ := strings.Cut(table, "-")
	if first == "config" || first == "completion" || first == "help" || strings.HasPrefix(first, "_") {
		return ""
	}
	return table
}

// fillFlags sets the flags of cmd that are not on the command line: from variables,
// and then from the file.
func (a *app) fillFlags(cmd *cobra.Command) error {
	table := tableOf(cmd)
	if table == "" {
		return nil
	}
	if err := fromEnvironment(cmd, table, a.getenv); err != nil {
		return err
	}
	return a.fromFile(cmd, table)
}

// fromEnvironment takes variables, BARGEE_SERVE_MAX_CLIENTS being --max-clients of
// serve.
func fromEnvironment(cmd *cobra.Command, table string, getenv func(string) string) error {
	isRole := table == "serve" || table == "relay"
	prefix := "BARGEE_" + variable(table) + "_"
	var errs []error
	cmd.LocalNonPersistentFlags().VisitAll(func(f *pflag.Flag) {
		name := prefix + variable(f.Name)
		value := getenv(name)
		if value == "" || f.Changed || f.Name == "help" || !isRole && slices.Contains(notKept, f.Name) {
			return
		}
		var wrong *pflag.InvalidValueError
		if err := cmd.Flags().Set(f.Name, value); errors.As(err, &wrong) {
			errs = append(errs, usage(whyInvalid(wrong), "").about(name, session.Display(value)))
		} else if err != nil {
			errs = append(errs, err)
		}
	})
	return errors.Join(errs...)
}

func variable(name string) string { return strings.ToUpper(strings.ReplaceAll(name, "-", "_")) }

// fromFile takes the table of a command. What else is wrong in the file is no reason
// not to run it.
func (a *app) fromFile(cmd *cobra.Command, table string) error {
	file, given, err := a.configFile()
	if err != nil {
		return nil // no home: a command that needs one says so
	}
	text, err := readAtMost(file, config.MaxFile+1)
	if err != nil {
		if given {
			return &problem{what: "read", where: session.Display(file), err: err, usage: true}
		}
		return nil
	}
	if !strings.Contains(string(text), table) {
		return nil
	}
	c := config.Default()
	c.Commands(flagTables(a))
	c.Read(text, file)
	if problems := c.ProblemsOf(table); len(problems) > 0 {
		return configProblem(file, problems)
	}
	for _, f := range c.Flags[table] {
		if cmd.Flags().Changed(f.Name) {
			continue
		}
		for _, word := range f.Words {
			if err := cmd.Flags().Set(f.Name, word); err != nil {
				return usage(err.Error(), "").about(session.Display(f.From), f.Name)
			}
		}
	}
	return nil
}

// flagTables are the tables that the commands may have. They are those of another
// command line: values are tried there.
func flagTables(a *app) config.Tables {
	scratch := *a
	scratch.checks = map[*cobra.Command]func() error{}
	all := config.Tables{}
	var add func(cmd *cobra.Command)
	add = func(cmd *cobra.Command) {
		if table := tableOf(cmd); table != "" {
			all[table] = &flagTable{cmd: cmd, checks: &scratch, before: map[string][]string{}}
		}
		for _, sub := range cmd.Commands() {
			add(sub)
		}
	}
	add(newRoot(&scratch))
	return all
}

// A flagTable is a config.Table.
type flagTable struct {
	cmd    *cobra.Command
	checks *app
	set    []string            // flags, in the order of the file
	before map[string][]string // what lists were by default
}

// Flags implements config.Table.
func (t *flagTable) Flags() (names []string) {
	take := func(f *pflag.Flag) {
		if !f.Hidden && !slices.Contains(notKept, f.Name) {
			names = append(names, f.Name)
		}
	}
	t.cmd.LocalFlags().VisitAll(take)
	t.cmd.InheritedFlags().VisitAll(take)
	return names
}

// Check implements config.Table.
func (t *flagTable) Check(name string, words []string) (what, hint string) {
	f := t.cmd.Flag(name)
	list, isList := f.Value.(pflag.SliceValue)
	if !isList && len(words) != 1 {
		return "it has one value", ""
	}
	if isList && !f.Changed {
		t.before[name] = list.GetSlice()
	}
	for _, word := range words {
		if strings.HasPrefix(word, "bgt_") {
			return "a token belongs into a file of its own", ""
		}
		if err := t.cmd.Flags().Set(name, word); err != nil {
			var wrong *pflag.InvalidValueError
			if errors.As(err, &wrong) {
				return whyInvalid(wrong), ""
			}
			return oneLine(err.Error()), ""
		}
	}
	t.set = append(t.set, name)
	return "", ""
}

// Senseless implements config.Table. What is found is taken out, so that what is behind
// it is found, too.
func (t *flagTable) Senseless() (all []config.Senseless) {
	check := t.checks.checks[t.cmd]
	for range t.set {
		if check == nil {
			break
		}
		name, p := t.blame(check())
		if name == "" {
			break
		}
		what := strings.TrimSpace(strings.ReplaceAll(p.what+" "+p.where, "--", "")) + ": " + reason(p.err)
		all = append(all, config.Senseless{Flag: name, What: what, Hint: p.hint})
		t.unset(name)
	}
	return all
}

// blame returns the last flag of the file that an error about values speaks of.
func (t *flagTable) blame(err error) (name string, _ *problem) {
	if joined, ok := err.(interface{ Unwrap() []error }); ok {
		for _, err := range joined.Unwrap() {
			if name, p := t.blame(err); name != "" {
				return name, p
			}
		}
		return "", nil
	}
	var p *problem
	if !errors.As(err, &p) || !p.usage {
		return "", nil
	}
	words := strings.Fields(p.what + " " + p.where)
	for _, name := range slices.Backward(t.set) {
		if slices.Contains(words, "--"+name) {
			return name, p
		}
	}
	return "", nil
}

// unset has a flag be as if the file did not have it.
func (t *flagTable) unset(name string) {
	f := t.cmd.Flag(name)
	if list, isList := f.Value.(pflag.SliceValue); isList {
		_ = list.Replace(t.before[name])
	} else {
		_ = f.Value.Set(f.DefValue) // of some flags no value: then the next line is not looked at
	}
	f.Changed = false
	t.set = slices.DeleteFunc(t.set, func(s string) bool { return s == name })
}
