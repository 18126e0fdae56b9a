package web

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/browser"
	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/input"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/cdproto/target"
	"github.com/chromedp/chromedp"
)

// patience is for anything: this machine may be busy with other tests.
const patience = 60 * time.Second

var (
	chromium context.Context // of the one browser of all tests
	scratch  string          // a directory for what is built
)

func TestMain(m *testing.M) {
	path, err := exec.LookPath("chromium")
	if err != nil {
		fmt.Println("skipped: chromium is not installed")
		os.Exit(0)
	}
	if scratch, err = os.MkdirTemp("", "bargee-web"); err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
	options := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(path), chromedp.NoSandbox,
		chromedp.WSURLReadTimeout(patience), chromedp.Flag("lang", "en-GB"),
		chromedp.Flag("host-resolver-rules", "MAP relay.test 127.0.0.1"))
	allocator, stop := chromedp.NewExecAllocator(context.Background(), options...)
	browserCtx, cancel := chromedp.NewContext(allocator)
	if err := chromedp.Run(browserCtx); err != nil {
		fmt.Println("chromium does not start:", err)
		os.Exit(1)
	}
	chromium = browserCtx
	code := m.Run()
	cancel()
	stop()
	_ = os.RemoveAll(scratch)
	os.Exit(code)
}

// A tab is a page in a browser profile of its own. It fails its test when the page
// throws, breaks its policy, or asks anybody but its relay.
type tab struct {
	t         *testing.T
	ctx       context.Context
	downloads string // where the browser saves

	mu       sync.Mutex
	requests []string
	wrong    []string
}

func newTab(t *testing.T, width, height int64) *tab {
	t.Helper()
	profile, id := newProfile(t)
	ctx, cancel := chromedp.NewContext(chromium, chromedp.WithTargetID(id))
	ctx, stop := context.WithTimeout(ctx, 2*patience)
	downloads, err := os.MkdirTemp(scratch, "downloads") // not the test's: the browser may write when it is over
	if err != nil {
		t.Fatal(err)
	}
	p := &tab{t: t, ctx: ctx, downloads: downloads}
	chromedp.ListenTarget(ctx, p.listen)
	t.Cleanup(func() {
		p.mu.Lock()
		for _, w := range p.wrong {
			t.Error(w)
		}
		p.mu.Unlock()
		stop()
		cancel()
	})
	p.run(network.Enable(), runtime.Enable(), chromedp.ActionFunc(func(ctx context.Context) error {
		return browser.SetDownloadBehavior(browser.SetDownloadBehaviorBehaviorAllow).WithDownloadPath(p.downloads).
			WithBrowserContextID(profile).Do(cdp.WithExecutor(ctx, chromedp.FromContext(ctx).Browser))
	}), emulation.SetDeviceMetricsOverride(width, height, 1, width < 600))
	return p
}

// newProfile opens a window with nothing stored in it.
func newProfile(t *testing.T) (profile cdp.BrowserContextID, id target.ID) {
	t.Helper()
	err := chromedp.Run(chromium, chromedp.ActionFunc(func(ctx context.Context) (err error) {
		ctx = cdp.WithExecutor(ctx, chromedp.FromContext(ctx).Browser)
		if profile, err = target.CreateBrowserContext().Do(ctx); err != nil {
			return err
		}
		id, err = target.CreateTarget("about:blank").WithBrowserContextID(profile).WithNewWindow(true).Do(ctx)
		return err
	}))
	if err != nil {
		t.Fatal(err)
	}
	return profile, id
}

func (p *tab) listen(event any) {
	p.mu.Lock()
	defer p.mu.Unlock()
	switch e := event.(type) {
	case *network.EventRequestWillBeSent:
		p.requests = append(p.requests, e.Request.URL)
	case *runtime.EventExceptionThrown:
		p.wrong = append(p.wrong, "the page threw: "+e.ExceptionDetails.Error())
	case *runtime.EventConsoleAPICalled:
		if e.Type == runtime.APITypeError {
			p.wrong = append(p.wrong, fmt.Sprintf("the page complains: %s", e.Args[0].Value))
		}
	}
}

func (p *tab) run(actions ...chromedp.Action) {
	p.t.Helper()
	if err := chromedp.Run(p.ctx, actions...); err != nil {
		p.picture("failed")
		p.t.Fatalf("%v\n%s", err, p.text())
	}
}

func (p *tab) open(url string) {
	p.t.Helper()
	// A change behind the # alone is no navigation, so it is left first.
	p.run(chromedp.Navigate("about:blank"), chromedp.Navigate(url))
}

// see waits until something is visible.
func (p *tab) see(selector string) {
	p.t.Helper()
	p.until(selector+" to be visible", fmt.Sprintf(`[...document.querySelectorAll(%q)].some((e) => e.checkVisibility())`, selector))
}

// until waits for a condition. The page may be another one meanwhile.
func (p *tab) until(what, condition string) {
	p.t.Helper()
	p.wait(what, func() (ok bool) {
		return chromedp.Run(p.ctx, chromedp.Evaluate("Boolean("+condition+")", &ok)) == nil && ok
	})
}

func (p *tab) click(selector string) {
	p.t.Helper()
	p.see(selector)
	p.run(chromedp.Click(selector, chromedp.ByQuery))
}

func (p *tab) value(selector string) (s string) {
	p.t.Helper()
	p.run(chromedp.Value(selector, &s, chromedp.ByQuery))
	return s
}

func (p *tab) text() (s string) {
	_ = chromedp.Run(p.ctx, chromedp.Evaluate(`document.body.innerText`, &s))
	return s
}

func (p *tab) has(words ...string) {
	p.t.Helper()
	text := p.text()
	for _, w := range words {
		if !strings.Contains(text, w) {
			p.t.Errorf("the page does not say %q:\n%s", w, text)
		}
	}
}

// evaluate runs an expression that may be a promise.
func (p *tab) evaluate(expression string, into any) {
	p.t.Helper()
	p.run(chromedp.Evaluate(expression, into, func(e *runtime.EvaluateParams) *runtime.EvaluateParams { return e.WithAwaitPromise(true) }))
}

func (p *tab) key(keys string) {
	p.t.Helper()
	p.run(chromedp.KeyEvent(keys))
}

// drag drops files onto the page, as somebody does with a mouse.
func (p *tab) drag(files ...string) {
	p.t.Helper()
	data := &input.DragData{Items: []*input.DragDataItem{}, Files: files, DragOperationsMask: 1}
	for _, kind := range []input.DispatchDragEventType{input.DragEnter, input.DragOver, input.Drop} {
		p.run(input.DispatchDragEvent(kind, 300, 300, data))
	}
}

// colours asks for the light or the dark ones, as a system does.
func (p *tab) colours(scheme string) {
	p.t.Helper()
	p.run(emulation.SetEmulatedMedia().WithFeatures([]*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: scheme}}))
}

// picture keeps a screenshot of the whole page in the directory PICTURES.
func (p *tab) picture(name string) {
	dir := os.Getenv("PICTURES")
	if dir == "" {
		return
	}
	var b []byte
	if err := chromedp.Run(p.ctx, chromedp.FullScreenshot(&b, 100)); err == nil {
		err = os.WriteFile(filepath.Join(dir, strings.ReplaceAll(p.t.Name(), "/", "-")+"-"+name+".png"), b, 0o600)
		if err != nil {
			p.t.Log(err)
		}
	}
}

// download waits for a file that the browser saves.
func (p *tab) download(name string) string {
	p.t.Helper()
	path := filepath.Join(p.downloads, name)
	p.wait("the download "+name, func() bool {
		_, err := os.Stat(path) // until then it has another name
		return err == nil
	})
	return path
}

func (p *tab) wait(what string, ok func() bool) {
	p.t.Helper()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for end := time.After(patience); !ok(); {
		select {
		case <-tick.C:
		case <-end:
			p.picture("failed")
			p.t.Fatalf("no sign of %s\n%s", what, p.text())
		case <-p.ctx.Done():
			p.t.Fatal(errors.Join(errors.New(what), p.ctx.Err()))
		}
	}
}

// onlyAsked fails where the page asked anybody but base.
func (p *tab) onlyAsked(base string) {
	p.t.Helper()
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, url := range p.requests {
		if !strings.HasPrefix(url, base+"/") && !strings.HasPrefix(url, "blob:"+base) && url != "about:blank" {
			p.t.Errorf("the page asked for %s", url)
		}
	}
	if len(p.requests) == 0 {
		p.t.Error("no request was seen")
	}
}
