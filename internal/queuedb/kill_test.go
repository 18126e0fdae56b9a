package queuedb

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/bargee/bargee/session"
)

// A process of this test binary runs an engine and does what it reads, a line
// each, until it is killed.
const asChild = "BARGEE_TEST_QUEUE"

func TestMain(m *testing.M) {
	if dir := os.Getenv(asChild); dir != "" {
		serve(dir)
		return
	}
	os.Exit(m.Run())
}

// A view is what the child tells of its queue.
type view struct {
	Active, Failed, Done []row
	Notices              int
	Send                 int64
	Concurrency          int
}

type row struct {
	ID               session.TransferID
	Name, State, Err string
	Priority         int
	Rule             *session.Rule
	Asking           []string
	Verified, Reused int64
}

// serve does: submit NAME PRIORITY LIMIT | pause ID | resume ID | cancel ID |
// priority ID N | reorder ID N | limit ID N | answer ID NAME DECISION | rule ID
// DECISION | limits N | concurrency N | look. It answers each with a line.
func serve(dir string) {
	e := session.NewEngine(session.EngineConfig{Store: In(filepath.Join(dir, "state"))})
	for lines := bufio.NewScanner(os.Stdin); lines.Scan(); {
		words := strings.Fields(lines.Text())
		n := make([]int, len(words))
		for i := range words {
			n[i], _ = strconv.Atoi(words[i])
		}
		var err error
		switch words[0] {
		case "look":
			b, _ := json.Marshal(look(e))
			fmt.Printf("%s\n", b)
			continue
		case "submit":
			err = submit(e, dir, words[1], n[2], int64(n[3]))
		case "answer":
			err = answer(e, session.TransferID(n[1]), words[2], session.Conflict(n[3]))
		default:
			err = act(e, words[0], n)
		}
		fmt.Printf("%q\n", fmt.Sprint(err))
	}
}

func act(e *session.Engine, what string, n []int) error {
	switch id := session.TransferID(n[1]); what {
	case "pause":
		return e.Pause(id)
	case "resume":
		return e.Resume(id)
	case "cancel":
		return e.Cancel(id, true)
	case "priority":
		return e.SetPriority(id, n[2])
	case "reorder":
		return e.Reorder(id, n[2])
	case "limit":
		return e.SetTransferLimit(id, int64(n[2]))
	case "rule":
		return e.AnswerAll(id, session.Rule{When: session.SourceNewer, Then: session.Conflict(n[2]), Otherwise: session.Ask})
	case "limits":
		return e.SetLimits(int64(n[1]), 0)
	case "concurrency":
		return e.SetConcurrency(n[1])
	}
	return fmt.Errorf("what is %s?", what)
}

func submit(e *session.Engine, dir, name string, priority int, limit int64) error {
	from, err := session.NewHost().PathOf(filepath.Join(dir, "from", name))
	if err != nil {
		return err
	}
	to, err := session.NewHost().PathOf(filepath.Join(dir, "to"))
	if err != nil {
		return err
	}
	o := session.DefaultOptions()
	o.Limit, o.Whole = limit, true
	_, err = e.Submit(session.Job{Sources: []session.Path{from}, Destination: to, Priority: priority, Options: o})
	return err
}

func answer(e *session.Engine, id session.TransferID, name string, d session.Conflict) error {
	t, err := e.Transfer(id)
	if err != nil {
		return err
	}
	for _, q := range t.Conflicts {
		if q.Path.Base() == name {
			return e.Answer(id, q.ID, d, false)
		}
	}
	return session.NotFound
}

func look(e *session.Engine) view {
	list := func(tab session.Tab) (out []row) {
		for _, t := range e.Page(tab, 0, 100).Rows {
			r := row{ID: t.ID, Name: t.Job.Sources[0].Base(), State: t.State.String(), Priority: t.Job.Priority, Rule: t.Rule, Verified: t.Verified, Reused: t.Reused}
			if t.Err != nil {
				r.Err = t.Err.Error()
			}
			for _, q := range t.Conflicts {
				r.Asking = append(r.Asking, q.Path.Base())
			}
			slices.Sort(r.Asking)
			out = append(out, r)
		}
		return out
	}
	send, _ := e.Limits()
	return view{list(session.TabActive), list(session.TabFailed), list(session.TabDone), len(e.Notices()), send, e.Concurrency()}
}

// A child is such a process.
type child struct {
	*testing.T
	cmd *exec.Cmd
	in  io.WriteCloser
	out *bufio.Reader
}

func start(t *testing.T, dir string) *child {
	t.Helper()
	c := &child{T: t, cmd: exec.Command(os.Args[0], "-test.run=^$")}
	c.cmd.Env = append(os.Environ(), asChild+"="+dir)
	c.cmd.Stderr = os.Stderr
	var err error
	c.in, err = c.cmd.StdinPipe()
	must(t, err)
	out, err := c.cmd.StdoutPipe()
	must(t, err)
	c.out = bufio.NewReader(out)
	must(t, c.cmd.Start())
	t.Cleanup(c.kill)
	return c
}

func (c *child) kill() {
	_ = c.cmd.Process.Kill()
	_ = c.cmd.Wait()
}

func (c *child) ask(format string, args ...any) string {
	c.Helper()
	if _, err := fmt.Fprintf(c.in, format+"\n", args...); err != nil {
		c.Fatal(err)
	}
	line, err := c.out.ReadString('\n')
	if err != nil {
		c.Fatalf(format+": %v", append(args, err)...)
	}
	return strings.TrimSpace(line)
}

// do asks for what must succeed.
func (c *child) do(format string, args ...any) {
	c.Helper()
	if got := c.ask(format, args...); got != `"<nil>"` {
		c.Fatalf(format+": %s", append(args, got)...)
	}
}

func (c *child) look() (v view) {
	c.Helper()
	if err := json.Unmarshal([]byte(c.ask("look")), &v); err != nil {
		c.Fatal(err)
	}
	return v
}

// until looks until what it sees is so.
func (c *child) until(what string, so func(view) bool) view {
	c.Helper()
	var v view
	for deadline := time.Now().Add(60 * time.Second); time.Now().Before(deadline); {
		if v = c.look(); so(v) {
			return v
		}
	}
	c.Fatalf("%s does not come: %+v", what, v)
	return v
}

func (v view) names() (out []string) {
	for _, r := range v.Active {
		out = append(out, fmt.Sprintf("%s %s %d", r.Name, r.State, r.Priority))
	}
	return out
}

func fill(t *testing.T, seed byte, size int, path ...string) []byte {
	t.Helper()
	name := filepath.Join(path...)
	must(t, os.MkdirAll(filepath.Dir(name), 0o700))
	data := make([]byte, size)
	_, _ = rand.NewChaCha8([32]byte{seed}).Read(data)
	must(t, os.WriteFile(name, data, 0o600))
	return data
}

// A process is killed in the middle of its transfers. The next one has order,
// priorities, pauses, answers, rules, limits and errors, goes on where it stood
// by itself, and the bytes come out whole.
func TestKill(t *testing.T) {
	if testing.Short() {
		t.Skip("it takes seconds")
	}
	dir := t.TempDir()
	const mib = 1 << 20
	want := map[string][]byte{}
	for i, name := range []string{"large", "second", "third", "held"} {
		want[name] = fill(t, byte(i), (i%3*2+6)*4*mib, dir, "from", name)
	}
	for i, name := range []string{"a", "b", "c"} {
		want["tree/"+name] = fill(t, byte(10+i), 3*mib+i, dir, "from", "tree", name)
		fill(t, byte(20+i), 2*mib, dir, "to", "tree", name)
		past := time.Now().Add(-time.Hour)
		must(t, os.Chtimes(filepath.Join(dir, "to", "tree", name), past, past))
	}
	c := start(t, dir)
	c.do("concurrency 2")
	c.do("submit large 5 4000000")
	c.do("submit tree 5 300000")
	c.do("submit second 5 0")
	c.do("submit third 5 0")
	c.do("submit missing 9 0")
	c.do("submit held 5 0")
	c.do("pause 6")
	c.do("priority 4 7")
	c.do("reorder 6 -1")
	c.until("the questions", func(v view) bool {
		return slices.ContainsFunc(v.Active, func(r row) bool { return len(r.Asking) == 3 })
	})
	c.do("answer 2 a %d", session.Overwrite)
	c.do("answer 2 b %d", session.Skip)
	before := c.until("a part of the large one", func(v view) bool {
		i := slices.IndexFunc(v.Active, func(r row) bool { return r.Name == "large" })
		return i < 0 || v.Active[i].Verified > 8*mib
	})
	c.kill()

	c = start(t, dir)
	after := c.until("what ran", func(v view) bool {
		return slices.ContainsFunc(v.Active, func(r row) bool { return r.Name == "tree" && len(r.Asking) == 1 })
	})
	if len(before.Active) == 0 || !slices.Equal(before.names(), after.names()) || after.Notices != 0 || after.Concurrency != 2 {
		t.Errorf("before %v\nafter %v, %+v", before.names(), after.names(), after)
	}
	for _, r := range after.Active {
		if r.Name == "tree" && !slices.Equal(r.Asking, []string{"c"}) {
			t.Errorf("it asks again about %q", r.Asking)
		}
	}
	if len(after.Failed) != len(before.Failed) || len(after.Failed) > 0 && after.Failed[0].Err != before.Failed[0].Err {
		t.Errorf("failed: %+v, before %+v", after.Failed, before.Failed)
	}
	c.do("rule 2 %d", session.Skip) // for c, which is newer at the source
	c.do("limit 1 0")
	c.do("limit 2 0")
	c.do("resume 6")
	end := c.until("the end", func(v view) bool { return len(v.Active) == 0 })
	if len(end.Done) != 5 || len(end.Failed) != 1 || end.Failed[0].Name != "missing" {
		t.Errorf("%+v", end)
	}
	for _, r := range end.Done {
		if r.Name == "large" && r.Reused < 4*mib {
			t.Errorf("only %d bytes of the large one were there already", r.Reused)
		}
	}
	delete(want, "tree/b")
	delete(want, "tree/c")
	for name, data := range want {
		if got, err := os.ReadFile(filepath.Join(dir, "to", name)); err != nil || !bytes.Equal(got, data) {
			t.Errorf("%s is not what was sent, %v", name, err)
		}
	}
	for i, name := range []string{"b", "c"} {
		if fi, err := os.Stat(filepath.Join(dir, "to", "tree", name)); err != nil || fi.Size() != 2*mib {
			t.Errorf("%d: %s was to be skipped: %v", i, name, err)
		}
	}
}
