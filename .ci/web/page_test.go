package web

import (
	"archive/zip"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"
)

// files makes a directory with some of all kinds, and returns what was put there.
func files(t *testing.T, big int) (dir string, content map[string][]byte) {
	t.Helper()
	dir = t.TempDir()
	random := make([]byte, max(big, 700_001))
	source := rand.NewChaCha8([32]byte{1})
	_, _ = source.Read(random)
	content = map[string][]byte{
		"big.bin":           random[:big],
		"notes für dich.md": []byte("hello\n"),
		"photos/2026/a.jpg": random[:700_001],
		"photos/empty":      nil,
	}
	for name, b := range content {
		path := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, b, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir, content
}

func paths(dir string, names ...string) (all []string) {
	for _, n := range names {
		all = append(all, filepath.Join(dir, n))
	}
	return all
}

// send leaves files with the page p shows, and returns their link.
func (p *tab) send(key string, paths ...string) string {
	p.t.Helper()
	p.see("#send")
	p.drag(paths...)
	p.see("#store")
	p.run(chromedp.SetValue("#access", key, chromedp.ByQuery))
	p.click("#store")
	p.see("#stored")
	return p.value("#link")
}

// The page and package drop come to the same bytes.
func TestVectors(t *testing.T) {
	vectors, err := os.ReadFile("../../internal/drop/testdata/vectors.json")
	if err != nil {
		t.Fatal(err)
	}
	r := startRelay(t)
	p := newTab(t, 800, 600)
	p.open(r.url + "/")
	var wrong []string
	p.evaluate(fmt.Sprintf(vectorScript, vectors), &wrong)
	for _, w := range wrong {
		t.Error(w)
	}
}

const vectorScript = `(async () => {
	const v = %s, wrong = [], d = await import('/page/drop.js'), { SHA256 } = await import('/page/sha256.js');
	const check = (what, got, want) => got !== want && wrong.push(what + ': ' + got + ', want ' + want);
	for (const [n, want] of v.Padded) check('padded ' + n, d.padded(n), want);
	const key = d.fromText(v.Key), keys = await d.keysOf(key);
	check('key', d.toText(key), v.Key);
	check('id', d.hex(keys.id), v.ID);
	for (const c of v.Chunks) {
		const sealed = await d.seal(keys, c.Kind, c.Index, c.Final, d.unhex(c.Plain), d.unhex(c.Nonce));
		check('sealed', d.hex(sealed), c.Sealed);
		check('digest', d.hex(await d.digest(sealed)), c.Digest);
		check('digest by pieces', d.hex(new SHA256().update(sealed.subarray(0, 3)).update(sealed.subarray(3)).digest()), c.Digest);
		check('opened', d.hex(await d.open(keys, c.Kind, c.Index, c.Final, sealed)), c.Plain);
		for (const [what, index, final] of [[3 - c.Kind, c.Index, c.Final], [c.Kind, c.Index + 1, c.Final], [c.Kind, c.Index, !c.Final]]) {
			check('opened elsewhere', await d.open(keys, what, index, final, sealed).then(() => 'open', (f) => f.kind), 'integrity');
		}
	}
	const lines = new TextDecoder().decode(await d.open(keys, d.kind.manifest, 0, true, d.unhex(v.Manifest.Sealed)));
	check('manifest', lines, v.Manifest.Lines);
	const m = d.decodeManifest(new TextEncoder().encode(lines));
	check('entries', m.entries.map((e) => e.kind + ' ' + e.path).join(', '), 'dir dir, file dir/hellö 😀, file dir/%%FF\n, link link');
	check('bytes', m.bytes, 7);
	check('list', d.hex(await d.digest(d.unhex(v.List.Data.join('')))), m.head.chunks);
	return wrong;
})()`

// What a browser left, another one takes: as an archive, one by one, and into a folder.
func TestBrowserToBrowser(t *testing.T) {
	dir, content := files(t, 3<<20+17)
	r := startRelay(t)
	p := newTab(t, 1100, 800)
	p.open(r.url + "/")
	p.picture("start")
	p.see("#send")
	p.drag(paths(dir, "big.bin", "notes für dich.md", "photos")...)
	p.picture("chosen")
	p.click("#store") // without a key
	p.see("#access")
	p.picture("key")
	p.run(chromedp.SendKeys("#access", r.key, chromedp.ByQuery), chromedp.SendKeys("#from", "Anna", chromedp.ByQuery))
	p.click("#store")
	p.see("#stored")
	p.has("Ready to be taken", "4 files", "What you left here", "big.bin and 2 more")
	p.picture("stored")
	link := p.value("#link")
	p.onlyAsked(r.url)

	q := newTab(t, 1100, 800)
	q.open(link)
	q.see("#save-all")
	q.has("Anna left 4 files for you", "notes für dich.md", "photos/2026/a.jpg")
	q.picture("receive")
	q.click("#save-all")
	q.see("#saved")
	q.picture("saved")
	q.has("Saved and verified: 4 files", "verified")
	same(t, unzip(t, q.download(archiveOf(q))), content)

	q.click(`button[aria-label="Save photos/2026/a.jpg"]`)
	q.until("one file", `document.querySelector('#saved').innerText.includes('a.jpg')`)
	one, err := os.ReadFile(q.download("a.jpg"))
	if err != nil || !bytes.Equal(one, content["photos/2026/a.jpg"]) {
		t.Error("the one file differs", err)
	}

	// The origin's own directory stands for one that somebody chooses. There is
	// another file of one name, and an unchanged one of another.
	q.evaluate(`(async () => {
		const root = await navigator.storage.getDirectory();
		for (const [name, text] of [['big.bin', 'mine'], ['notes für dich.md', 'hello\n']]) {
			const out = await (await root.getFileHandle(name, { create: true })).createWritable();
			await out.write(text);
			await out.close();
		}
		window.showDirectoryPicker = async () => root;
	})()`, nil)
	q.click("#save-folder")
	q.until("the folder", `document.querySelector('#saved').innerText.includes('folder')`)
	q.has("there already")
	var got map[string]string
	q.evaluate(folderScript, &got)
	want := map[string]string{"big.bin": "4", "big (1).bin": fmt.Sprint(len(content["big.bin"])), "notes für dich.md": "6", "photos/2026/a.jpg": "700001", "photos/empty": "0"}
	if fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("the folder has %v, want %v", got, want)
	}
	q.onlyAsked(r.url)

	p.click(`#receipts button[aria-label^="Remove big.bin"]`)
	p.click(`#receipts button[aria-label^="Remove big.bin"]`)
	p.until("the drop to be removed", `document.querySelector('#mine').hidden`)
	q.open(link)
	q.see("#stop")
	q.has("There is nothing here", "Ask whoever sent you the link")
}

const folderScript = `(async () => {
	const out = {};
	const walk = async (dir, above) => {
		for await (const [name, handle] of dir.entries()) {
			if (handle.kind === 'file') out[above + name] = String((await handle.getFile()).size);
			else await walk(handle, above + name + '/');
		}
	};
	await walk(await navigator.storage.getDirectory(), '');
	return out;
})()`

func archiveOf(p *tab) (name string) {
	p.evaluate(`document.querySelector('#saved').innerText.match(/as (.*\.zip)/)[1]`, &name)
	return name
}

func unzip(t *testing.T, path string) map[string][]byte {
	t.Helper()
	z, err := zip.OpenReader(path)
	if err != nil {
		t.Fatal(err)
	}
	defer z.Close()
	content := make(map[string][]byte)
	for _, f := range z.File {
		if strings.HasSuffix(f.Name, "/") {
			continue
		}
		in, err := f.Open()
		if err != nil {
			t.Fatal(err)
		}
		if content[f.Name], err = io.ReadAll(in); err != nil { // checks its sum, too
			t.Fatal(f.Name, err)
		}
	}
	return content
}

func readTree(t *testing.T, dir string) map[string][]byte {
	t.Helper()
	content := make(map[string][]byte)
	err := fs.WalkDir(os.DirFS(dir), ".", func(name string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			content[name], err = os.ReadFile(filepath.Join(dir, name))
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return content
}

func same(t *testing.T, got, want map[string][]byte) {
	t.Helper()
	for name, b := range want {
		if g, ok := got[name]; !ok || !bytes.Equal(g, b) {
			t.Errorf("%s: %d bytes, %t, want %d", name, len(g), ok, len(b))
		}
	}
	if len(got) != len(want) {
		t.Errorf("%d files, want %d", len(got), len(want))
	}
}

// More than fits in memory goes through the service worker, and arrives whole.
func TestLargeFileIsStreamed(t *testing.T) {
	dir, content := files(t, 36<<20)
	r := startRelay(t)
	p := newTab(t, 1100, 800)
	p.open(r.url + "/")
	link := p.send(r.key, paths(dir, "big.bin")...)
	q := newTab(t, 1100, 800)
	q.open(link)
	q.click("#save-all")
	q.see("#saved")
	got, err := os.ReadFile(q.download("big.bin"))
	if err != nil || !bytes.Equal(got, content["big.bin"]) {
		t.Error("it differs", len(got), err)
	}

	// A download that goes wrong in the middle is a failed one, and not half a file.
	second := regexp.MustCompile(`^/d/[0-9a-f]{32}/[0-9a-f]{63}[0-7]$`)
	r.flip.Store(second)
	q.click("#save-all")
	q.see("#save-fault")
	q.has("is not what was stored", "not saved")
	q.wait("nothing but the first download", func() bool {
		entries, err := os.ReadDir(q.downloads)
		return err == nil && len(entries) == 1 && entries[0].Name() == "big.bin"
	})
	q.onlyAsked(r.url)
}

func TestLinksThatDoNotOpen(t *testing.T) {
	r := startRelay(t)
	p := newTab(t, 800, 700)
	for _, c := range []struct{ link, title, words string }{
		{"/", "Leave files for somebody", "If it opened this page instead of files, that end was lost"},
		{"/#AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdH", "This link does not open anything", "its key has 43 letters, here are 41"},
		{"/#AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh.", "This link does not open anything", "letters that no key has"},
		{"/#AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh9", "This link does not open anything", "does not end as a key does"},
		{"/#AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8", "There is nothing here", "Ask whoever sent you the link"},
	} {
		p.open(r.url + c.link)
		p.until("a title", `[...document.querySelectorAll('h1')].some((h) => h.checkVisibility() && h.innerText !== 'Files for you')`)
		p.has(c.title, c.words)
		p.picture(fmt.Sprint(len(c.link)))
	}
	for pasted, words := range map[string]string{
		"bgticket_aaaaaaaa": "This ticket is mistyped or cut",
		"https://x/":        "This link",
		"AAECAwQFBgcICQoLD": "its key has 43 letters, here are 17",
	} {
		p.open(r.url + "/")
		p.see("#pasted")
		p.run(chromedp.SendKeys("#pasted", pasted+"\r", chromedp.ByQuery))
		p.see("#paste-fault")
		p.has(words)
	}
	p.open(strings.Replace(r.url, "127.0.0.1", "relay.test", 1) + "/")
	p.see("#stop")
	p.has("This page needs https")
	p.open(r.url + "/#bgk_a-key-that-somebody-sent")
	p.see("#send")
	if got := p.value("#access"); got != "bgk_a-key-that-somebody-sent" {
		t.Errorf("the key of the link is %q", got)
	}
	var address string
	p.evaluate(`location.href`, &address)
	if address != r.url+"/" {
		t.Errorf("the key stays in the address: %s", address)
	}
}

// A bit that was flipped on the relay or on the way is an error, and nothing is saved.
func TestFlippedBit(t *testing.T) {
	dir, _ := files(t, 3<<20)
	r := startRelay(t)
	p := newTab(t, 1100, 800)
	p.open(r.url + "/")
	link := p.send(r.key, paths(dir, "big.bin")...)

	q := newTab(t, 1100, 800)
	q.open(link)
	q.see("#save-all")
	r.flip.Store(chunkPath)
	q.click("#save-all")
	q.see("#save-fault")
	q.has("is not what was stored", "integrity", "not saved")
	q.picture("chunk")
	q.open(link)
	q.see("#stop")
	q.has("These files were changed", "The list of files is not what was stored")
	q.picture("manifest")
	r.flip.Store(regexp.MustCompile(`/list$`))
	q.open(link)
	q.see("#stop")
	q.has("integrity")
	r.flip.Store(nil)
	q.open(link)
	q.click("#save-all")
	q.see("#saved")
	q.download("big.bin")
	if entries, err := os.ReadDir(q.downloads); err != nil || len(entries) != 1 {
		t.Errorf("saved: %v, %v", entries, err)
	}
}

// What somebody hostile stored is refused before anything of it is shown or saved.
func TestHostileLists(t *testing.T) {
	r := startRelay(t)
	p := newTab(t, 800, 600)
	p.open(r.url + "/")
	var wrong []string
	entry := func(v ...any) string {
		b, err := json.Marshal(v)
		if err != nil {
			t.Fatal(err)
		}
		return string(b)
	}
	file := func(path string, size any) map[string]any {
		return map[string]any{"path": path, "kind": "file", "size": size}
	}
	for _, c := range []struct{ name, head, entries, kind string }{
		{"good", `{}`, entry(file("a", 1)), ""},
		{"above", `{}`, entry(file("../a", 1)), "name"},
		{"absolute", `{}`, entry(file("/a", 1)), "name"},
		{"empty name", `{}`, entry(file("a//b", 1)), "name"},
		{"zero byte", `{}`, entry(file("a\x00b", 1)), "name"},
		{"long name", `{}`, entry(file(strings.Repeat("a", 1025), 1)), "name"},
		{"twice", `{}`, entry(file("a", 0), file("a", 1)), "name"},
		{"negative", `{}`, entry(file("a", -1), file("b", 2)), "invalid"},
		{"no number", `{}`, entry(file("a", "1")), "invalid"},
		{"more than said", `{}`, entry(file("a", 2)), "invalid"},
		{"another count", `{"files":2}`, entry(file("a", 1)), "invalid"},
		{"a kind of its own", `{}`, entry(map[string]any{"path": "a", "kind": "device"}), "invalid"},
		{"odd chunks", `{"chunk":100000}`, entry(file("a", 1)), "invalid"},
		{"a newer version", `{"version":2}`, entry(file("a", 1)), "version"},
		{"no version", `{"version":"x"}`, entry(file("a", 1)), "invalid"},
		{"a long line", `{}`, entry(file("a", 1), map[string]any{"path": "b", "kind": "dir", "x": strings.Repeat("x", 70000)}), "limit"},
	} {
		var kind string
		p.evaluate(fmt.Sprintf(`(async () => {
			const d = await import('/page/drop.js'), given = %s, rest = %s;
			const head = { version: 1, files: given.filter((e) => e.kind === 'file').length, dirs: given.filter((e) => e.kind === 'dir').length, bytes: 1, chunk: 1 << 20, chunks: '0'.repeat(64), ...rest };
			const text = [head, ...given].map((l) => JSON.stringify(l) + '\n').join('') + '   ';
			try { d.decodeManifest(new TextEncoder().encode(text)); return ''; } catch (f) { return f.kind ?? String(f); }
		})()`, c.entries, c.head), &kind)
		if kind != c.kind {
			wrong = append(wrong, fmt.Sprintf("%s: %q, want %q", c.name, kind, c.kind))
		}
	}
	if len(wrong) > 0 {
		t.Error(strings.Join(wrong, "\n"))
	}
}

// A name is text, whatever is in it, and what cannot be seen is shown.
func TestOddNames(t *testing.T) {
	dir := t.TempDir()
	names := map[string]string{
		"<img src=x onerror=alert(1)>.txt": "<img src=x onerror=alert(1)>.txt",
		"in\u202egpj.exe":                  "in‹U+202E›gpj.exe",
		"a\nb":                             "a‹U+000A›b",
		"ünï 😀 %2e%2e":                     "ünï 😀 %2e%2e",
	}
	want := make(map[string][]byte)
	var all []string
	for name := range names {
		want[name] = []byte(name)
		all = append(all, name)
		if err := os.WriteFile(filepath.Join(dir, name), want[name], 0o600); err != nil {
			t.Fatal(err)
		}
	}
	r := startRelay(t)
	p := newTab(t, 1100, 800)
	p.open(r.url + "/")
	link := p.send(r.key, paths(dir, all...)...)
	q := newTab(t, 1100, 800)
	q.open(link)
	q.click("#save-all")
	q.see("#saved")
	for _, shown := range names {
		q.has(shown)
	}
	q.picture("names")
	same(t, unzip(t, q.download(archiveOf(q))), want)
}

// Of many files some are shown, and more when somebody asks.
func TestManyFiles(t *testing.T) {
	dir, want := t.TempDir(), make(map[string][]byte)
	for i := range 250 {
		name := fmt.Sprintf("many/%d/file %d", i%7, i)
		want[name] = []byte(strings.Repeat(name, i*30))
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, want[name], 0o600); err != nil {
			t.Fatal(err)
		}
	}
	r := startRelay(t)
	p := newTab(t, 1100, 800)
	p.open(r.url + "/")
	link := p.send(r.key, filepath.Join(dir, "many"))
	q := newTab(t, 1100, 800)
	q.open(link)
	q.see("#save-all")
	q.has("250 files for you", "Show more of the other 58 entries")
	q.click("#save-table .more")
	q.until("all rows", `document.querySelectorAll('#save-table tbody tr').length === 258`)
	q.click("#save-all")
	q.see("#saved")
	if name := archiveOf(q); name != "many.zip" {
		t.Errorf("the archive of one directory is %s", name)
	}
	same(t, unzip(t, q.download("many.zip")), want)
}

// Where there is no service worker, and where it does not start, as in some private
// windows, files go through memory, and what is too large for that is refused before
// it counts as taken.
func TestWithoutServiceWorker(t *testing.T) {
	dir, content := files(t, 36<<20)
	r := startRelay(t)
	p := newTab(t, 1100, 800)
	p.open(r.url + "/")
	link := p.send(r.key, paths(dir, "big.bin")...)
	for name, script := range map[string]string{
		"none":    `Object.defineProperty(Navigator.prototype, 'serviceWorker', { value: undefined })`,
		"refused": `if (navigator.serviceWorker) navigator.serviceWorker.register = () => Promise.reject(new DOMException('The operation is insecure.', 'SecurityError'))`,
	} {
		q := newTab(t, 1100, 800)
		q.run(chromedp.ActionFunc(func(ctx context.Context) error {
			_, err := page.AddScriptToEvaluateOnNewDocument(script).Do(ctx)
			return err
		}))
		q.open(link)
		q.click("#save-all")
		q.see("#saved")
		if got, err := os.ReadFile(q.download("big.bin")); err != nil || !bytes.Equal(got, content["big.bin"]) {
			t.Error(name, "it differs", len(got), err)
		}
		q.onlyAsked(r.url)
	}
}
