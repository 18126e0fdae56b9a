package web

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/gobwas/ws"
	"github.com/gobwas/ws/wsutil"
)

// A firefox is one that runs for a test, with a profile of its own, driven by WebDriver
// BiDi (W3C). Commands are made one at a time; events are not asked for.
type firefox struct {
	t         *testing.T
	conn      net.Conn
	count     int
	page      string // the browsing context
	downloads string
}

// startFirefox skips the test where there is none.
func startFirefox(t *testing.T) *firefox {
	t.Helper()
	path, err := exec.LookPath("firefox-esr")
	if err != nil {
		t.Skip("firefox-esr is not installed")
	}
	profile, err := os.MkdirTemp(scratch, "firefox") // not the test's: the browser may write when it is over
	if err != nil {
		t.Fatal(err)
	}
	f := &firefox{t: t, downloads: filepath.Join(profile, "downloads")}
	prefs := fmt.Sprintf(`user_pref("browser.download.folderList", 2);
user_pref("browser.download.dir", %q);
user_pref("app.update.enabled", false);
user_pref("datareporting.policy.dataSubmissionEnabled", false);
`, f.downloads)
	if err := os.WriteFile(filepath.Join(profile, "user.js"), []byte(prefs), 0o600); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(path, "--headless", "--no-remote", "--remote-debugging-port=0", "--profile", profile, "about:blank")
	cmd.Env = append(os.Environ(), "HOME="+profile)
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} // its children, too
	said, err := cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL)
		_ = cmd.Wait()
	})
	watchdog := time.AfterFunc(patience, func() { _ = syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) })
	defer watchdog.Stop()
	lines := bufio.NewScanner(said)
	address := ""
	for address == "" && lines.Scan() {
		_, address, _ = strings.Cut(lines.Text(), "BiDi listening on ")
	}
	if address == "" {
		t.Fatal("firefox does not start")
	}
	go func() { _, _ = io.Copy(io.Discard, said) }()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	if f.conn, _, _, err = ws.Dial(ctx, address+"/session"); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = f.conn.Close() })
	f.ask("session.new", map[string]any{"capabilities": map[string]any{}}, nil)
	var made struct{ Context string }
	f.ask("browsingContext.create", map[string]any{"type": "tab"}, &made)
	f.page = made.Context
	return f
}

// ask makes a command and waits for its answer.
func (f *firefox) ask(method string, params map[string]any, into any) {
	f.t.Helper()
	f.count++
	b, err := json.Marshal(map[string]any{"id": f.count, "method": method, "params": params})
	if err != nil {
		f.t.Fatal(err)
	}
	_ = f.conn.SetDeadline(time.Now().Add(2 * patience))
	if err := wsutil.WriteClientText(f.conn, b); err != nil {
		f.t.Fatal(method, err)
	}
	for {
		text, err := wsutil.ReadServerText(f.conn)
		var got struct {
			ID                   int
			Type, Error, Message string
			Result               json.RawMessage
		}
		if err == nil {
			err = json.Unmarshal(text, &got)
		}
		switch {
		case err != nil:
			f.t.Fatal(method, err)
		case got.ID != f.count:
			continue // an event
		case got.Type != "success":
			f.t.Fatalf("%s: %s: %s", method, got.Error, got.Message)
		case into != nil:
			if err := json.Unmarshal(got.Result, into); err != nil {
				f.t.Fatal(err)
			}
		}
		return
	}
}

func (f *firefox) open(url string) {
	f.t.Helper()
	f.ask("browsingContext.navigate", map[string]any{"context": f.page, "url": "about:blank", "wait": "complete"}, nil)
	f.ask("browsingContext.navigate", map[string]any{"context": f.page, "url": url, "wait": "complete"}, nil)
}

type remoteValue struct {
	Type, SharedID string
	Value          any
}

// evaluate returns what an expression, or what its promise, comes to.
func (f *firefox) evaluate(expression string) remoteValue {
	f.t.Helper()
	var got struct {
		Result           remoteValue
		ExceptionDetails struct{ Text string }
	}
	f.ask("script.evaluate", map[string]any{
		"expression": expression, "target": map[string]any{"context": f.page}, "awaitPromise": true, "userActivation": true,
	}, &got)
	if text := got.ExceptionDetails.Text; text != "" {
		f.t.Fatalf("%s: %s", expression, text)
	}
	return got.Result
}

// see waits until something is visible.
func (f *firefox) see(selector string) {
	f.t.Helper()
	visible := fmt.Sprintf(`[...document.querySelectorAll(%q)].some((e) => e.checkVisibility())`, selector)
	f.wait(selector, func() bool { return f.evaluate(visible).Value == true })
}

func (f *firefox) wait(what string, ok func() bool) {
	f.t.Helper()
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for end := time.After(patience); !ok(); {
		select {
		case <-tick.C:
		case <-end:
			f.t.Fatalf("no sign of %s\n%s", what, f.text())
		}
	}
}

func (f *firefox) text() string {
	return fmt.Sprint(f.evaluate(`document.body.innerText`).Value)
}

// download waits for a file that the browser saves: while it does, the file is empty, and
// beside it there is another one with the ending .part.
func (f *firefox) download(name string) string {
	f.t.Helper()
	path := filepath.Join(f.downloads, name)
	f.wait("the download "+name, func() bool {
		info, err := os.Stat(path)
		parts, _ := filepath.Glob(filepath.Join(f.downloads, "*.part"))
		return err == nil && len(parts) == 0 && info.Size() > 0
	})
	return path
}

func (f *firefox) click(selector string) {
	f.t.Helper()
	f.see(selector)
	f.evaluate(fmt.Sprintf(`document.querySelector(%q).click()`, selector))
}

// leave sends files by the page, and returns their link.
func (f *firefox) leave(r *relay, paths ...string) string {
	f.t.Helper()
	f.open(r.url + "/")
	f.see("#send")
	input := f.evaluate(`document.querySelector('#files')`)
	f.ask("input.setFiles", map[string]any{"context": f.page, "element": map[string]any{"sharedId": input.SharedID}, "files": paths}, nil)
	f.see("#store")
	f.evaluate(fmt.Sprintf(`document.querySelector('#access').value = %q`, r.key))
	f.click("#store")
	f.see("#stored")
	return fmt.Sprint(f.evaluate(`document.querySelector('#link').value`).Value)
}
