package cli

import (
	"bytes"
	"embed"
	"net"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"text/template"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/bargee/bargee/session"
)

//go:embed unit
var unitFiles embed.FS

// The units of systemd that --print-unit prints.
const (
	serviceUnit = "service"
	socketUnit  = "socket"
)

// unitName is what the units are called, and the directory that the service has.
const unitName = "bargee-relay"

// printUnit prints the unit of a relay that is started with the flags of cmd.
func (o *relayOptions) printUnit(cmd *cobra.Command) error {
	var text bytes.Buffer
	var err error
	t := template.Must(template.ParseFS(unitFiles, "unit/*"))
	switch o.unit {
	case serviceUnit:
		var s serviceValues
		if s, err = o.service(cmd); err == nil {
			err = t.ExecuteTemplate(&text, unitName+".service", s)
		}
	case socketUnit:
		err = t.ExecuteTemplate(&text, unitName+".socket", o.socket())
	default:
		return usage("is neither service nor socket", "").about("--print-unit", session.Display(o.unit))
	}
	if err != nil {
		return err
	}
	o.printf("%s", text.String())
	return nil
}

// serviceValues fill in the service.
type serviceValues struct {
	Command     string
	StopSeconds int
	Credentials []string
	State       string // below /var/lib
}

// notInUnit are flags that mean nothing where systemd starts the relay.
var notInUnit = []string{"print-unit", "detach", "pid-file", "new-token", "show-ticket", "data", "token-file", "help", "json", "quiet"}

func (o *relayOptions) service(cmd *cobra.Command) (serviceValues, error) {
	s := serviceValues{StopSeconds: int((o.drain + 10*time.Second).Seconds()), State: unitName}
	if o.data != "" {
		name, ok := strings.CutPrefix(filepath.Clean(o.data), "/var/lib/")
		if !ok || strings.ContainsAny(name, "/ %\"'\\") {
			return s, usage("the service has a directory in /var/lib", "for example: --data /var/lib/"+unitName).about("--data", session.Display(o.data))
		}
		s.State = name
	}
	program, err := o.installedProgram()
	if err != nil {
		return s, err
	}
	words := []string{unitWord(program), "relay"}
	cmd.Flags().Visit(func(f *pflag.Flag) {
		if slices.Contains(notInUnit, f.Name) {
			return
		}
		values := []string{f.Value.String()}
		if list, ok := f.Value.(pflag.SliceValue); ok {
			values = list.GetSlice()
		}
		for _, v := range values {
			if f.Name == "pass-key" { // the service is in another directory
				if abs, err := filepath.Abs(v); err == nil {
					v = abs
				}
			}
			words = append(words, unitWord("--"+f.Name+"="+v))
		}
	})
	if o.tokenFile != "" {
		file, err := filepath.Abs(o.tokenFile)
		if err != nil {
			return s, err
		}
		s.Credentials = append(s.Credentials, "tokens:"+strings.ReplaceAll(file, "%", "%%"))
		words = append(words, "--token-file=%d/tokens")
	}
	s.Command = strings.Join(words, " ")
	return s, nil
}

// installedProgram is where the service finds this program: not in a home, or in a
// directory that is emptied, which it does not see.
func (o *relayOptions) installedProgram() (string, error) {
	program, err := os.Executable()
	if err != nil {
		return "", err
	}
	for _, hidden := range []string{"/home/", "/root/", "/run/user/", "/tmp/", "/var/tmp/", "/dev/"} {
		if strings.HasPrefix(program, hidden) {
			const place = "/usr/local/bin/bargee"
			o.warn("the service does not see %s: install it as %s", session.Display(program), place)
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

// socketValues fill in the socket.
type socketValues struct {
	Datagrams, Streams []string
	Web, WebTaken      bool // port 443
}

func (o *relayOptions) socket() (s socketValues) {
	for _, addr := range o.listen {
		addr = strings.TrimPrefix(addr, ":") // a port alone is on all addresses
		s.Streams = append(s.Streams, addr)
		for range min(runtime.NumCPU(), mostLoops) {
			s.Datagrams = append(s.Datagrams, addr)
		}
	}
	if slices.Equal(o.listen, []string{":" + defaultPort}) {
		s.WebTaken = webTaken()
		s.Web = !s.WebTaken
	}
	return s
}

// webTaken tells whether something on this machine has the port of the web.
func webTaken() bool {
	c, err := net.DialTimeout("tcp", net.JoinHostPort("127.0.0.1", webPort), time.Second)
	if err != nil {
		return false
	}
	c.Close()
	return true
}
