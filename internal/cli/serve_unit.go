package cli

import (
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"github.com/bargee/bargee/session"
)

// serveUnitName is what the unit of a served directory is called, and the directory that
// it has where the system runs it.
const serveUnitName = "bargee-serve"

// ofSystem stands in the unit of a service that the system runs, and not that of a
// user: it may use what is served, and its own directory.
const ofSystem = `
# Whose files are served.
User=@USER@
# Read when it starts: after a change, systemctl restart bargee-serve.
LoadCredential=token:@TOKEN@
StateDirectory=bargee-serve
StateDirectoryMode=0700
Environment=BARGEE_HOME=%S/bargee-serve
ProtectSystem=strict
ReadWritePaths=@DIR@
CapabilityBoundingSet=
AmbientCapabilities=
PrivateDevices=yes
ProtectProc=invisible
ProtectClock=yes
ProtectControlGroups=yes
ProtectHostname=yes
ProtectKernelLogs=yes
ProtectKernelModules=yes
ProtectKernelTunables=yes
RestrictAddressFamilies=AF_INET AF_INET6 AF_UNIX AF_NETLINK
RestrictNamespaces=yes
RestrictRealtime=yes
RestrictSUIDSGID=yes
LockPersonality=yes
MemoryDenyWriteExecute=yes
SystemCallArchitectures=native
SystemCallFilter=@system-service
SystemCallErrorNumber=EPERM
`

// printUnit prints a unit that serves DIR with the flags of cmd: of the system for
// root, of the user for everybody else.
func (o *serveOptions) printUnit(cmd *cobra.Command) error {
	if o.tokenFile == "" || o.tokenFile == "-" {
		return usage("a service has nobody to show a token to", "umask 077; bargee token new > FILE, and --token-file FILE").about("--print-unit", "")
	}
	dir, err := realPath(o.dir)
	if err != nil {
		return failed("serve", target{path: o.dir}, err)
	}
	if strings.ContainsAny(dir, "\n\r") {
		return usage("has a name that fits into no unit", "").about("serve", session.Display(dir))
	}
	token, err := filepath.Abs(o.tokenFile)
	if err != nil {
		return err
	}
	program, err := os.Executable()
	place, target, after, system := "~/.config/systemd/user/"+serveUnitName+".service", "default.target", "", ""
	given := token
	if os.Geteuid() == 0 {
		program, err = o.installedProgram("the service")
		place, target = "/etc/systemd/system/"+serveUnitName+".service", "multi-user.target"
		after = "Wants=network-online.target\nAfter=network-online.target\n"
		system = strings.NewReplacer("@USER@", ownerName(dir), "@TOKEN@", strings.ReplaceAll(token, "%", "%%"), "@DIR@", unitWord(dir)).Replace(ofSystem)
		given = "%d/token"
	}
	if err != nil {
		return err
	}
	words := append([]string{unitWord(program), "serve"}, unitFlags(cmd, "print-unit", "detach", "pid-file", "new-token", "show-ticket", "token-file", "stdio", "jail", "help", "json", "quiet")...)
	if given == token {
		given = unitWord("--token-file=" + token)
	} else {
		given = "--token-file=" + given
	}
	words = append(words, given, "--", unitWord(dir))
	o.printf("%s", unitText(serveUnitName+".service", "@PLACE@", place, "@DIR@", strings.ReplaceAll(dir, "%", "%%"), "@AFTER@", after,
		"@COMMAND@", strings.Join(words, " "), "@SYSTEM@", system, "@TARGET@", target))
	return nil
}
