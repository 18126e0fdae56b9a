package cli

import (
	"embed"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/bargee/bargee/session"
)

//go:embed unit
var unitFiles embed.FS

// unitText returns a unit of systemd with words in place of its marks. It is no
// text/template: with one in the program, the linker has to keep every method of
// every type, 3 MB of them.
func unitText(name string, marksAndWords ...string) string {
	text, err := unitFiles.ReadFile("unit/" + name)
	if err != nil {
		panic("bargee: internal error: " + err.Error())
	}
	return strings.NewReplacer(marksAndWords...).Replace(string(text))
}

// unitLines returns a line for each value.
func unitLines(name string, values []string) string {
	var lines strings.Builder
	for _, v := range values {
		lines.WriteString(name + v + "\n")
	}
	return lines.String()
}

// installedProgram is where a service finds this program: not in a home, or in a
// directory that is emptied, which it does not see.
func (a *app) installedProgram(what string) (string, error) {
	program, err := os.Executable()
	if err != nil {
		return "", err
	}
	for _, hidden := range []string{"/home/", "/root/", "/run/user/", "/tmp/", "/var/tmp/", "/dev/"} {
		if strings.HasPrefix(program, hidden) {
			const place = "/usr/local/bin/bargee"
			a.warn("%s does not see %s: install it as %s", what, session.Display(program), place)
			return place, nil
		}
	}
	return program, nil
}

// unitWord quotes a word of a command line (systemd.service(5)).
func unitWord(s string) string {
	s = strings.NewReplacer("%", "%%", "$", "$$").Replace(s)
	if !strings.ContainsAny(s, " \t\"'\\;") && s != "" {
		return s
	}
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(s) + `"`
}

// unitFlags are the flags that cmd was given, but for some, as words of a unit.
// Names of files become absolute: a service is in another directory.
func unitFlags(cmd *cobra.Command, without ...string) (words []string) {
	cmd.Flags().Visit(func(f *pflag.Flag) {
		if slices.Contains(without, f.Name) {
			return
		}
		values := []string{f.Value.String()}
		if list, ok := f.Value.(pflag.SliceValue); ok {
			values = list.GetSlice()
		}
		for _, v := range values {
			if name, _ := pflag.UnquoteUsage(f); name == "FILE" || f.Name == "pass-key" {
				if abs, err := filepath.Abs(v); err == nil {
					v = abs
				}
			}
			words = append(words, unitWord("--"+f.Name+"="+v))
		}
	})
	return words
}
