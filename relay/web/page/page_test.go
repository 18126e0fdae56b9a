package page

import (
	"io/fs"
	"net/http/httptest"
	"path"
	"regexp"
	"strings"
	"testing"
)

func TestPageIsServed(t *testing.T) {
	h := Handler()
	for _, c := range []struct {
		method, path string
		status       int
		kind         string // media type
	}{
		{"GET", "/", 200, "text/html"},
		{"HEAD", "/", 200, "text/html"},
		{"GET", "/page/app.js", 200, "text/javascript"},
		{"GET", "/page/style.css", 200, "text/css"},
		{"GET", "/page/icon.svg", 200, "image/svg+xml"},
		{"GET", "/page/", 404, "application/json"},
		{"GET", "/page/../page.go", 404, "application/json"},
		{"GET", "/app.js", 404, "application/json"},
		{"GET", "/index.html", 404, "application/json"},
		{"POST", "/", 405, "application/json"},
	} {
		w := httptest.NewRecorder()
		h.ServeHTTP(w, httptest.NewRequest(c.method, c.path, nil))
		if got := w.Header().Get("Content-Type"); w.Code != c.status || !strings.HasPrefix(got, c.kind) {
			t.Errorf("%s %s: %d %s, want %d %s", c.method, c.path, w.Code, got, c.status, c.kind)
		}
		if w.Header().Get("X-Content-Type-Options") != "nosniff" {
			t.Errorf("%s %s may be taken for something else", c.method, c.path)
		}
	}
}

func TestUnchangedFilesAreNotSentAgain(t *testing.T) {
	h := Handler()
	first := httptest.NewRecorder()
	h.ServeHTTP(first, httptest.NewRequest("GET", "/", nil))
	again := httptest.NewRequest("GET", "/", nil)
	again.Header.Set("If-None-Match", first.Header().Get("ETag"))
	second := httptest.NewRecorder()
	h.ServeHTTP(second, again)
	if first.Body.Len() == 0 || second.Code != 304 || second.Body.Len() != 0 {
		t.Errorf("%d bytes, then %d and %d bytes", first.Body.Len(), second.Code, second.Body.Len())
	}
	if got := second.Header().Get("Content-Security-Policy"); got != policy {
		t.Errorf("policy of the second answer: %q", got)
	}
}

// What the policy forbids must not be in the files either, or it would silently not
// work; and nothing there may ask another host, or make markup of text.
func TestFilesKeepThePolicy(t *testing.T) {
	forbidden := map[string]*regexp.Regexp{
		"an inline script":      regexp.MustCompile(`<script[^>]*>\s*[^<\s]`),
		"an inline style":       regexp.MustCompile(`<style|\sstyle=`),
		"a handler in markup":   regexp.MustCompile(`<[^>]*\son[a-z]+=`),
		"markup made of text":   regexp.MustCompile(`innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(|new Function`),
		"another host's file":   regexp.MustCompile(`(?:src|href)="(?:https?:)?//|url\(|@import|importScripts`),
		"a request by fetch":    regexp.MustCompile(`[^.#]\bfetch\(|sendBeacon|new WebSocket|EventSource`),
		"an address of a host":  regexp.MustCompile(`https?://[a-z0-9]`),
		"what a test left over": regexp.MustCompile(`console\.|debugger|TODO|FIXME`),
	}
	for name, body := range read(t) {
		for what, pattern := range forbidden {
			if m := pattern.FindString(body); m != "" && !strings.Contains(m, "http://www.w3.org/2000/svg") && !(name == "icon.svg" && what == "an address of a host") {
				t.Errorf("%s has %s: %q", name, what, m)
			}
		}
	}
}

// What is imported or linked is there, and all that is there is used.
func TestFilesAreAllUsed(t *testing.T) {
	files := read(t)
	used := map[string]bool{"index.html": true}
	names := regexp.MustCompile(`(?:from '\./|'/page/|"/page/)([a-z0-9]+\.[a-z]+)`)
	for name, body := range files {
		for _, m := range names.FindAllStringSubmatch(body, -1) {
			if _, ok := files[m[1]]; !ok {
				t.Errorf("%s names %s, which is not there", name, m[1])
			}
			used[m[1]] = true
		}
	}
	for name, body := range files {
		if !used[name] {
			t.Errorf("nothing uses %s", name)
		}
		if n := strings.Count(body, "\n"); n > 500 {
			t.Errorf("%s has %d lines, at most 500", name, n)
		}
		if types[path.Ext(name)] == "" {
			t.Errorf("%s has no media type", name)
		}
	}
}

func read(t *testing.T) map[string]string {
	t.Helper()
	files := make(map[string]string)
	entries, err := fs.ReadDir(assets, "assets")
	if err != nil || len(entries) == 0 {
		t.Fatal("no files", err)
	}
	for _, e := range entries {
		b, err := fs.ReadFile(assets, "assets/"+e.Name())
		if err != nil {
			t.Fatal(err)
		}
		files[e.Name()] = string(b)
	}
	return files
}
