package archtest

import (
	"os/exec"
	"slices"
	"strings"
	"testing"
)

const module = "github.com/bargee/bargee"

// A room is a part of bargee, and what it may know of the others.
type room struct {
	path  string
	knows []string
	why   string   // it knows nothing else
	tests []string // what its tests know besides
}

// rooms says which rooms of bargee a room knows; it knows no others. It holds
// for tests too, with few exceptions: a test that needs a forbidden room
// belongs to a higher one. The entry "x/..." stands for x and what lies below.
var rooms = []room{
	{path: ".", knows: []string{"internal/cli"},
		why: "main is the door; a second thing behind it would be a second program"},
	{path: "internal/cli/...", knows: []string{"transport/...", "session/...", "relay/...", "tui/...", "internal/wire", "internal/control", "internal/config", "internal/plain", "internal/queuedb", "internal/journal", "internal/guests", "internal/dav", "internal/boundjwt", "internal/filelock", "internal/drop", "internal/depot"}, tests: []string{"internal/s3test"},
		why: "the commands wire concrete types together, so that nothing else has to"},
	{path: "internal/s3test", knows: nil,
		why: "starts the S3 server of tests, and knows nobody whose test it is"},
	{path: "internal/filelock", knows: nil,
		why: "a file is locked against other processes in one place, whatever it is locked for"},
	{path: "internal/journal", knows: []string{"internal/filelock"},
		why: "lines in a file that several processes share; what stands in them is others' business"},
	{path: "internal/guests", knows: []string{"internal/journal", "internal/filelock"},
		why: "who came to a served directory, in words and figures: it is read when nobody serves any more"},
	{path: "internal/control", knows: []string{"session", "transport", "internal/wire", "internal/filelock"},
		why:   "a queue's processes talk about session's values; what a command prints and a screen draws is not theirs",
		tests: []string{"internal/queuedb"}}, // what outlasts a process is tested with what keeps it
	{path: "internal/queuedb", knows: []string{"session", "internal/journal"},
		why:   "a database keeps what the engine gives it, and decides nothing",
		tests: []string{"transport"}}, // engines with peers that say nothing
	{path: "internal/config", knows: []string{"tui/..."},
		why: "a configuration is judged by what there is to configure: the screen's actions, roles and themes"},
	{path: "internal/dav", knows: []string{"session"},
		why: "another protocol in front of a tree: where that is, and how files get there, is told to it"},
	{path: "internal/plain", knows: []string{"session"},
		why: "the screen in words: it asks the same engine, and draws nothing"},
	{path: "tui/...", knows: []string{"tui/...", "session/..."},
		why: "the screen shows session's values: a screen that knew how bytes travel would have to change with it, " +
			"and could not be tested without it",
		tests: []string{"transport"}}, // a fake engine fills in the lanes of session.Place
	{path: "internal/depot", knows: []string{"session", "internal/drop"},
		why: "how a relay is asked for drops by HTTP, which session does not speak"},
	{path: "internal/drop", knows: nil,
		why: "a format is bytes in, bytes out: a fuzzer and a browser reach all of it"},
	{path: "session/...", knows: []string{"session/...", "transport/...", "internal/wire", "internal/filelock", "internal/drop"},
		why: "the engine serves a screen, commands and other programs alike, over links it does not look into: " +
			"direct or relayed is transport's business, drawing is tui's"},
	{path: "internal/boundjwt", knows: nil,
		why: "what a signed token says is checked in one place; what it allows is the business of who takes it"},
	{path: "relay/...", knows: []string{"relay/...", "transport/...", "internal/wire", "internal/carrier", "internal/boundjwt", "internal/journal"}, tests: []string{"internal/s3test"},
		why: "the relay is blind: what it cannot import (names, digests, keys of peers) it cannot leak"},
	{path: "transport/...", knows: []string{"transport/...", "internal/wire", "internal/carrier", "internal/filelock"},
		why: "transport carries bytes between proven peers, and is a library to others who have no files or screen"},
	{path: "internal/wire", knows: []string{"internal/wire"},
		why: "the schemas are what all rooms share, so they can know none"},
	{path: "internal/e2e/relaytest", knows: []string{"relay", "transport", "internal/wire"},
		why: "measures a relay's data plane with packets of its own making, which no command sends"},
	{path: "internal/carrier", knows: nil,
		why: "packets in frames over a connection: peer and relay share it, and neither's business is in it"},
	{path: "internal/e2e/nattest", knows: []string{"relay", "transport"},
		why: "how two peers find their path is transport's and the relay's, and shows without files and screens"},
	{path: "internal/e2e/...", knows: []string{"internal/e2e/..."},
		why: "these tests see what users see: the binary, its screen, its JSON, its public packages by way of a module"},
	{path: "internal/archtest", knows: nil,
		why: "the rules must build while what they judge does not"},
}

// libraries says in which rooms a library lives, outside of tests. One that is
// not here is new: it gets a line, and with it a reason to be a dependency.
var libraries = []struct {
	path  string
	rooms []string
	why   string
}{
	{"charm.land/...", []string{"tui/..."},
		"one room draws; a command or an engine that draws cannot run without a terminal"},
	{"github.com/charmbracelet/x/vt", []string{"tui/...", "internal/e2e/console"},
		"a terminal in memory, for tests: what the screen's bytes look like"},
	{"github.com/creack/pty", []string{"internal/e2e/console"}, "a pseudo terminal, for tests: the screen as a terminal sees it"},
	{"github.com/charmbracelet/...", []string{"tui/..."},
		"parts of the same toolkit, under their own name"},
	{"github.com/dustin/go-humanize", []string{"tui/...", "internal/cli", "internal/plain"},
		"sizes for people: engines speak in bytes"},
	{"github.com/quic-go/quic-go/...", []string{"transport/..."},
		"what runs over a link (lanes, TCP, ssh) can change only while nobody else holds a quic.Conn"},
	{"google.golang.org/protobuf/...", []string{"internal/wire", "transport", "session", "relay"},
		"messages end where two peers stop talking; the screen and the commands have Go types"},
	{"github.com/golang-jwt/jwt/v5", []string{"internal/boundjwt"}, "passes and JWTs: the one place where somebody else's tokens are read"},
	{"filippo.io/edwards25519/...", []string{"transport"}, "CPace's map to the curve"},
	{"lukechampine.com/blake3/...", []string{"session", "internal/cli", "relay/blobs"},
		"subtree values of chunks that combine to the file's digest; what files over HTTP are addressed by"},
	{"github.com/gabriel-vasile/mimetype", []string{"tui/preview"}, "what a file is, from its first bytes"},
	{"golang.org/x/image/...", []string{"tui/preview"}, "BMP, TIFF, WebP and scaling, from who makes image/png"},
	{"github.com/klauspost/compress/zstd", []string{"session", "tui/preview"}, "chunks are compressed where data is known; below that there are only packets"},
	{"github.com/klauspost/reedsolomon", []string{"transport"}, "packets that the path lost are made good below QUIC, which must not see them missing"},
	{"github.com/cespare/xxhash/v2", []string{"session"}, "the hash of cuts of files: part of the protocol, at the speed of memory"},
	{"modernc.org/sqlite/...", []string{"internal/queuedb"},
		"the queue's file: SQLite without C, so that one binary runs everywhere; the engine knows an interface"},
	{"golang.org/x/sync/semaphore", []string{"session", "relay/bucket"}, "a budget that is taken in unequal parts, in turn"},
	{"golang.org/x/sync/errgroup", []string{"relay/bucket"}, "so many at a time, and the first error"},
	{"github.com/minio/minio-go/v7/pkg/signer", []string{"relay/bucket"}, "signatures of requests to object stores; its client would be 1.3 MB"},
	{"github.com/bmatcuk/doublestar/v4", []string{"session"}, "globs with **, which path.Match has not"},
	{"github.com/fsnotify/fsnotify", []string{"session"}, "what changes in a directory: session has the directories"},
	{"github.com/boombuler/barcode/...", []string{"internal/cli"}, "QR codes of tickets; the screen gets squares"},
	{"github.com/spf13/cobra/...", []string{"internal/cli"}, "commands, flags, completion, man pages"},
	{"github.com/spf13/pflag", []string{"internal/cli"}, "the flags of cobra"},
	{"github.com/pelletier/go-toml/v2/...", []string{"internal/config"}, "the configuration, with a place for every error"},
	{"github.com/adrg/xdg", []string{"internal/cli"},
		"where files of a program lie; the library is told where, it does not choose"},
	{"github.com/coreos/go-systemd/v22/...", []string{"internal/cli"}, "what systemd says to who it starts, and hears of it: a role's business"},
	{"golang.org/x/net/netutil", []string{"internal/cli"}, "so many who look at a relay's pages, and no more"},
	{"golang.org/x/net/webdav", []string{"internal/dav"}, "WebDAV, for those who speak nothing else"},
	{"golang.org/x/net/...", []string{"transport/...", "relay"}, "ancillary data of sockets"},
	{"golang.org/x/sys/...", []string{"transport/...", "session/...", "relay", "relay/bucket", "internal/carrier", "internal/cli", "internal/control", "internal/filelock"},
		"socket options, utimensat, O_NOFOLLOW, free space: what os has not"},
	{"golang.org/x/term", []string{"internal/cli"}, "prompts for secrets without echo"},
	{"golang.org/x/time/...", []string{"transport/...", "session", "relay"}, "rate limits"},
}

// testLibraries may be imported by any test, and by nothing else.
var testLibraries = []string{
	"github.com/charmbracelet/x/...", "github.com/rogpeppe/go-internal/...", "go.uber.org/goleak", "go.yaml.in/yaml/v2",
}

// bans are packages of the standard library that a room must not touch. Tests
// may: they make the world that the room is kept from.
var bans = []struct {
	room, path string
	why        string
	except     []string // files, each with its reason beside it
}{
	{room: "tui/...", path: "net", why: "the screen has no sockets: it asks session's Engine"},
	{room: "tui/...", path: "net/http", why: "the screen has no sockets: it asks session's Engine"},
	{room: "tui/...", path: "os", why: "files belong to session's Trees, on this machine as at the peer"},
	{room: "tui/...", path: "os/exec", why: "a screen that starts programs cannot be driven by a test"},
	{room: "session/...", path: "net", why: "sockets, addresses and names are transport's"},
	{room: "session/...", path: "net/http", why: "sockets, addresses and names are transport's"},
	{room: "session/...", path: "os/exec", why: "a peer's request must never come near a shell"},
	{room: "transport/...", path: "os/exec", why: "a peer's packet must never come near a shell"},
	{room: "relay/...", path: "os/exec", why: "a stranger's packet must never come near a shell"},
	{room: "internal/cli", path: "text/template", why: "it calls methods by name, so the linker keeps all there are: 3 MB"},
	{room: "internal/wire", path: "net", why: "codecs touch only bytes, so a fuzzer reaches all they do"},
	{room: "internal/wire", path: "os", why: "codecs touch only bytes, so a fuzzer reaches all they do"},
}

func TestRoomsKnowOnlyTheRoomsBelow(t *testing.T) {
	for _, s := range sources(t) {
		i := slices.IndexFunc(rooms, func(r room) bool { return within(s.room, r.path) })
		if i < 0 {
			t.Errorf("%s: the room %s is not in the table", s.path, s.room)
			continue
		}
		for _, p := range s.imports() {
			other, ours := inModule(p)
			allowed := anyWithin(other, rooms[i].knows) || s.test && anyWithin(other, rooms[i].tests)
			if ours && other != s.room && !allowed {
				t.Errorf("%s imports %s\n\t%s knows only %v: %s", s.path, other, s.room, rooms[i].knows, rooms[i].why)
			}
		}
	}
}

func TestLibrariesStayInTheirRooms(t *testing.T) {
	for _, s := range sources(t) {
		for _, p := range s.imports() {
			if _, ours := inModule(p); ours || isStandard(p) || s.test && anyWithin(p, testLibraries) {
				continue
			}
			checkLibrary(t, s, p)
		}
	}
}

func checkLibrary(t *testing.T, s source, p string) {
	t.Helper()
	for _, l := range libraries { // the first line that fits counts: the narrower ones stand first
		if !within(p, l.path) {
			continue
		}
		if !s.test && !anyWithin(s.room, l.rooms) {
			t.Errorf("%s imports %s\n\tit lives in %v: %s", s.path, p, l.rooms, l.why)
		}
		return
	}
	t.Errorf("%s imports %s\n\tit is in no table of imports_test.go: give it a line, and a reason to be there", s.path, p)
}

// A line for a library that is gone would welcome it back without a reason.
func TestLibrariesAreImported(t *testing.T) {
	imported := make(map[string]bool)
	for _, s := range sources(t) {
		for _, p := range s.imports() {
			imported[p] = true
		}
	}
	for _, l := range libraries {
		used := false
		for p := range imported {
			used = used || within(p, l.path)
		}
		if !used {
			t.Errorf("nothing imports %s: take its line out", l.path)
		}
	}
}

func TestRoomsKeepTheirHandsOff(t *testing.T) {
	for _, s := range sources(t) {
		if s.test {
			continue
		}
		for _, b := range bans {
			if within(s.room, b.room) && slices.Contains(s.imports(), b.path) && !slices.Contains(b.except, s.path) {
				t.Errorf("%s imports %s\n\t%s", s.path, b.path, b.why)
			}
		}
	}
}

// Half of quic-go's published vulnerabilities are in http3, which bargee has
// no use for; a package that pulls it in would make them ours.
func TestHTTP3IsNotLinked(t *testing.T) {
	list := exec.CommandContext(t.Context(), "go", "list", "-deps", "./...")
	list.Dir = root
	out, err := list.CombinedOutput()
	if err != nil {
		t.Fatalf("go list: %v\n%s", err, out)
	}
	if !strings.Contains(string(out), module+"/internal/wire\n") {
		t.Fatalf("go list did not list bargee:\n%s", out)
	}
	for line := range strings.Lines(string(out)) {
		if strings.Contains(line, "/http3") {
			t.Errorf("linked: %s", line)
		}
	}
}

// inModule returns the room that an import path of bargee names.
func inModule(p string) (room string, ok bool) {
	if p == module {
		return ".", true
	}
	return strings.CutPrefix(p, module+"/")
}

// isStandard tells whether p is of the standard library: its first element has
// no dot, since it is no domain.
func isStandard(p string) bool {
	first, _, _ := strings.Cut(p, "/")
	return !strings.Contains(first, ".")
}

// within tells whether p matches pattern, which may end in "/...".
func within(p, pattern string) bool {
	top, deep := strings.CutSuffix(pattern, "/...")
	return p == top || deep && strings.HasPrefix(p, top+"/")
}

func anyWithin(p string, patterns []string) bool {
	return slices.ContainsFunc(patterns, func(pattern string) bool { return within(p, pattern) })
}
