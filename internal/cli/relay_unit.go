package cli

import (
	"fmt"
	"net"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/bargee/bargee/relay/bucket"
	"github.com/bargee/bargee/session"
)

// The units of systemd that --print-unit prints.
const (
	serviceUnit = "service"
	socketUnit  = "socket"
)

// unitName is what the units are called, and the directory that the service has.
const unitName = "bargee-relay"

// printUnit prints the unit of a relay that is started with the flags of cmd.
func (o *relayOptions) printUnit(cmd *cobra.Command) error {
	switch o.unit {
	case serviceUnit:
		s, err := o.service(cmd)
		if err != nil {
			return err
		}
		credentials := ""
		for _, c := range s.Credentials {
			credentials += "\n# Read when the relay starts: after a change, systemctl restart bargee-relay.\nLoadCredential=" + c + "\n"
		}
		if s.Bucket != "" {
			credentials += "\n# AWS_ACCESS_KEY_ID=... and AWS_SECRET_ACCESS_KEY=..., a line each, for root alone to read.\nEnvironmentFile=" + keysOfBucket + "\n"
		}
		o.printf("%s", unitText(unitName+".service", "@COMMAND@", s.Command, "@STOP@", fmt.Sprint(s.StopSeconds),
			"@CREDENTIALS@", credentials, "@STATE@", s.State))
	case socketUnit:
		s := o.socket()
		o.printf("%s", unitText(unitName+".socket", "@DATAGRAMS@", unitLines("ListenDatagram=", s.Datagrams),
			"@STREAMS@", unitLines("ListenStream=", s.Streams), "@WEB@", s.web()))
	default:
		return usage("is neither service nor socket", "").about("--print-unit", session.Display(o.unit))
	}
	return nil
}

// serviceValues fill in the service.
type serviceValues struct {
	Command     string
	StopSeconds int
	Credentials []string
	State       string // below /var/lib
	Bucket      string // the URL where it keeps what others leave; "": in State
}

// keysOfBucket is where systemd reads a bucket's keys, which are on no command line.
const keysOfBucket = "/etc/" + unitName + ".env"

// notInUnit are flags that mean nothing where systemd starts the relay.
var notInUnit = []string{"print-unit", "detach", "pid-file", "new-token", "show-ticket", "data", "token-file", "help", "json", "quiet"}

func (o *relayOptions) service(cmd *cobra.Command) (serviceValues, error) {
	s := serviceValues{StopSeconds: int((o.drain + 10*time.Second).Seconds()), State: unitName}
	switch {
	case bucket.IsURL(o.data):
		if err := bucket.CheckS3(o.data); err != nil {
			return s, usage(err.Error(), "for example: --data s3://BUCKET").about("", "--data")
		}
		s.Bucket = o.data
	case o.data != "":
		name, ok := strings.CutPrefix(filepath.Clean(o.data), "/var/lib/")
		if !ok || strings.ContainsAny(name, "/ %\"'\\") {
			return s, usage("the service has a directory in /var/lib", "for example: --data /var/lib/"+unitName).about("--data", session.Display(o.data))
		}
		s.State = name
	}
	if cmd.Flags().Changed("log-file") {
		return s, usage("the service may write nowhere but into its directory", "its log is systemd's: journalctl -u "+unitName).about("--log-file", session.Display(o.log.file))
	}
	program, err := o.installedProgram("the service")
	if err != nil {
		return s, err
	}
	words := append([]string{unitWord(program), "relay"}, unitFlags(cmd, notInUnit...)...)
	if s.Bucket != "" {
		words = append(words, unitWord("--data="+s.Bucket))
	}
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

// web is what stands in the socket for the port of the web.
func (s socketValues) web() string {
	switch {
	case s.Web:
		return "# Where peers behind strict firewalls come in; take it out if something else is to be there.\nListenStream=443\n"
	case s.WebTaken:
		return "# Peers behind strict firewalls would come in here, but something else does.\n#ListenStream=443\n"
	}
	return ""
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
