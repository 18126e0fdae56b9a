package cli

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/bargee/bargee/internal/config"
	"github.com/bargee/bargee/session"
	"github.com/bargee/bargee/tui"
)

const configLong = `The configuration is one file, config.toml in BARGEE_HOME, or where your system keeps configuration;
--config FILE or BARGEE_CONFIG names another one. A flag beats the environment, which beats the file.
Settings are lines such as "mouse = false", or BARGEE_MOUSE=0 in the environment. [keys] gives actions
other keys, [theme-looks] changes how single parts of the screen look:

  theme = "vivid"
  [theme-looks]
  folder = "bold #ff8800"
  [keys]
  copy = ["K", "f5"]
  sort-by-size = ["s z"]

A table with the name of a command says what its flags are; of "relay add" it is [relay-add]. Their
variables are BARGEE_, the command and the flag, as BARGEE_SERVE_MAX_CLIENTS:

  [serve]
  max-clients = 8
  [cp]
  limit = "40mbit"
  exclude = ["*.tmp", ".cache/**"]`

func newConfig(a *app) *cobra.Command {
	cmd := &cobra.Command{
		Use: "config", Short: "Show, check and edit the configuration", Long: configLong,
		Args: onlySubcommands,
		RunE: func(cmd *cobra.Command, args []string) error { return cmd.Help() },
	}
	actions := false
	show := &cobra.Command{
		Use: "show", Short: "Print the configuration, and where each value comes from", Args: atMost(0),
		RunE: func(*cobra.Command, []string) error {
			if actions {
				return a.showActions()
			}
			return a.showConfig()
		},
	}
	show.Flags().BoolVar(&actions, "actions", false, "print all actions of the screen with their keys instead")
	cmd.AddCommand(show,
		&cobra.Command{
			Use: "check", Short: "Find what is wrong in the file, with line and column", Args: atMost(0),
			RunE: func(*cobra.Command, []string) error { return a.checkConfig() },
		},
		&cobra.Command{
			Use: "edit", Short: "Open the file in $VISUAL or $EDITOR, and check it", Args: atMost(0),
			RunE: func(cmd *cobra.Command, _ []string) error { return a.editConfig() },
		},
	)
	return cmd
}

// configFile is where the configuration lies; given tells that somebody named it.
func (a *app) configFile() (name string, given bool, err error) {
	for _, name := range []string{a.configName, a.getenv("BARGEE_CONFIG")} {
		if name != "" {
			return name, true, nil
		}
	}
	h, err := a.home()
	return filepath.Join(h.config, "config.toml"), false, err
}

// readConfig returns the configuration and what in it cannot be taken. A file
// that nobody named need not be there.
func (a *app) readConfig() (c *config.Config, file string, problems []config.Problem, err error) {
	c = config.Default()
	c.Commands(flagTables(a))
	file, given, err := a.configFile()
	if err != nil {
		return nil, "", nil, err
	}
	text, err := readAtMost(file, config.MaxFile+1)
	switch {
	case errors.Is(err, fs.ErrNotExist) && !given:
	case err != nil:
		return nil, file, nil, &problem{what: "read", where: session.Display(file), err: err, usage: given}
	default:
		problems = c.Read(text, file)
	}
	return c, file, append(problems, c.Environment(a.getenv)...), nil
}

func readAtMost(name string, n int64) ([]byte, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return io.ReadAll(io.LimitReader(f, n))
}

// config returns the configuration, or the first thing that is wrong with it.
func (a *app) config() (*config.Config, error) {
	c, file, problems, err := a.readConfig()
	if err != nil || len(problems) == 0 {
		return c, err
	}
	return nil, configProblem(file, problems)
}

// configProblem tells of the first problem, and how many more there are.
func configProblem(file string, problems []config.Problem) *problem {
	first := problems[0]
	what := first.What
	if n := len(problems) - 1; n > 0 {
		what += fmt.Sprintf(" (and %d more: bargee config check)", n)
	}
	return usage(what, first.Hint).about("", placeIn(file, first))
}

func placeIn(file string, p config.Problem) string {
	if p.At.Line == 0 {
		return ""
	}
	return fmt.Sprintf("%s:%d:%d", session.Display(file), p.At.Line, p.At.Column)
}

func (a *app) showConfig() error {
	c, err := a.config()
	if err != nil {
		return err
	}
	a.printf("%s", c.Show())
	return nil
}

// actionEvent is an action of the screen.
type actionEvent struct {
	Event string   `json:"event"`
	Name  string   `json:"name"`
	Where string   `json:"where"`
	Keys  []string `json:"keys"`
	Does  string   `json:"does"`
}

func (a *app) showActions() error {
	c, err := a.config()
	if err != nil {
		return err
	}
	table := tabwriter.NewWriter(a.stdout, 0, 0, 2, ' ', 0)
	for _, x := range tui.Actions() {
		if own, ok := c.Keys[x.Name]; ok {
			x.Keys = own
		}
		if a.json {
			a.event(actionEvent{"action", x.Name, x.Where, x.Keys, x.Does})
			continue
		}
		fmt.Fprintf(table, "%s\t%s\t%s\t%s\n", x.Name, x.Where, strings.Join(x.Keys, ", "), x.Does)
	}
	return table.Flush()
}

func (a *app) checkConfig() error {
	_, file, problems, err := a.readConfig()
	if err != nil {
		return err
	}
	for _, p := range problems {
		line := p.String()
		if p.At.Line > 0 {
			line = session.Display(file) + ":" + line
		}
		if p.Hint != "" {
			line += " (" + p.Hint + ")"
		}
		a.printf("%s\n", line)
	}
	if n := len(problems); n > 0 {
		return usage(fmt.Sprintf("%d that cannot be taken", n), "").about("check", session.Display(file))
	}
	if _, err := os.Stat(file); err != nil {
		a.say("%s is not there: everything is as it is by default", session.Display(file))
		return nil
	}
	a.say("%s is good", session.Display(file))
	return nil
}

// editConfig opens the file in an editor; a new one begins with all settings as
// they are, as comments.
func (a *app) editConfig() error {
	file, _, err := a.configFile()
	if err != nil {
		return err
	}
	if err := makeConfig(file); err != nil {
		return &problem{what: "make", where: session.Display(file), err: err}
	}
	if !a.asks && strings.TrimSpace(a.getenv("VISUAL")+a.getenv("EDITOR")) == "" { // a usual one would want a terminal
		return usage("neither VISUAL nor EDITOR says what to edit it with", "the file is "+session.Display(file)).about("edit", "the configuration")
	}
	e, err := editorOf(file, a.getenv)
	if err == nil {
		err = e.Run()
	}
	if err != nil {
		return &problem{what: "edit", where: session.Display(file), err: err}
	}
	return a.checkConfig()
}

// makeConfig writes the defaults as comments, where there is no file yet.
func makeConfig(file string) error {
	if err := os.MkdirAll(filepath.Dir(file), 0o700); err != nil {
		return err
	}
	f, err := os.OpenFile(file, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if errors.Is(err, fs.ErrExist) {
		return nil
	}
	if err != nil {
		return err
	}
	for line := range strings.Lines(config.Default().Show()) {
		if !strings.HasPrefix(line, "#") {
			line = "# " + strings.TrimRight(strings.TrimSuffix(line, "# default\n"), " \n") + "\n"
		}
		if _, err = io.WriteString(f, line); err != nil {
			break
		}
	}
	return errors.Join(err, f.Close())
}
