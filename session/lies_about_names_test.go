package session

import (
	"bufio"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/bargee/bargee/internal/wire"
)

// An item is what a lying sender announces, and the verdict it gets.
type lyingItem struct {
	path    string
	kind    wire.EntryKind
	target  string
	mode    uint32
	content string // what is sent for a file that is wanted
	want    wire.Verdict
	error   wire.Kind // of REFUSE
	lost    bool      // it is wanted, and fails when it is to get its name
}

const (
	kindDir  = wire.EntryKind_ENTRY_KIND_DIR
	kindLink = wire.EntryKind_ENTRY_KIND_LINK
	wanted   = wire.Verdict_VERDICT_WANT
	had      = wire.Verdict_VERDICT_HAVE
	skipped  = wire.Verdict_VERDICT_SKIP
	refused  = wire.Verdict_VERDICT_REFUSE
)

// Trees that no honest walk yields: each entry is answered for itself, nothing
// lies outside of the directory, and nothing is followed or replaced.
// It holds M20, M24, M26, M27, M28, M29, M33, M38, M39, M40, M41, M42, M43, M45, M46, M47.
func TestLyingTrees(t *testing.T) {
	name255 := strings.Repeat("n", 255)
	for name, items := range map[string][]lyingItem{
		"M20, a name that no disk takes":        {{path: name255 + "n", want: wanted, content: "x"}, {path: name255, content: "x"}},
		"M24, M26, M33, names that mean more":   {{path: "-rf", content: "x"}, {path: "--", content: "y"}, {path: "~root", content: "z"}, {path: "$HOME", content: "1"}, {path: "%USERPROFILE%", content: "2"}, {path: "`id`", content: "3"}, {path: "0", content: "4"}},
		"M27, M28, M29, names that look alike":  {{path: "File", content: "a"}, {path: "file", content: "b"}, {path: "\u00e9", content: "c"}, {path: "e\u0301", content: "d"}, {path: "ß", content: "e"}, {path: "SS", content: "f"}, {path: "\u212a", content: "g"}, {path: "K", content: "h"}},
		"M38, a file and what would lie in it":  {{path: "a", content: "x"}, {path: "a/b", want: refused, error: wire.Kind_KIND_NOT_A_DIRECTORY}},
		"M39, a child before its parent":        {{path: "a/b", want: refused, error: wire.Kind_KIND_NOT_FOUND}, {path: "a", kind: kindDir, want: had}},
		"M40, the same path twice":              {{path: "a", content: "x"}, {path: "a", content: "y", lost: true}},
		"M41, a link out, and a file behind it": {{path: "l", kind: kindLink, target: "..", want: wanted}, {path: "l/secret", want: refused, error: wire.Kind_KIND_NOT_A_DIRECTORY}},
		"M41, an absolute link":                 {{path: "l", kind: kindLink, target: "/etc", want: wanted}, {path: "l/passwd", want: refused, error: wire.Kind_KIND_NOT_A_DIRECTORY}},
		"M41, a link in place of a directory":   {{path: "d", kind: kindDir, want: had}, {path: "d", kind: kindLink, target: "..", want: refused, error: wire.Kind_KIND_EXISTS}, {path: "d/f", content: "x"}},
		"M42, targets of any bytes":             {{path: "l", kind: kindLink, target: "\x1b[2J/../../\xff", want: wanted}, {path: "m", kind: kindLink, target: strings.Repeat("x", 4000), want: wanted}},
		"M42, a target with NUL":                {{path: "l", kind: kindLink, target: "a\x00b", want: refused, error: wire.Kind_KIND_INVALID}},
		"M42, no target":                        {{path: "l", kind: kindLink, want: refused, error: wire.Kind_KIND_NOT_FOUND}},
		"M43, links in a circle":                {{path: "a", kind: kindLink, target: "b", want: wanted}, {path: "b", kind: kindLink, target: "a", want: wanted}, {path: "a/x", want: refused, error: wire.Kind_KIND_NOT_A_DIRECTORY}},
		"M45, what is no file":                  {{path: "fifo", kind: wire.EntryKind_ENTRY_KIND_OTHER, want: skipped}},
		"M46, M47, modes":                       {{path: "setuid", mode: 0o7777, content: "x"}, {path: "d", kind: kindDir, mode: 0, want: had}, {path: "d/f", content: "y"}},
		"a directory in place of a file":        {{path: "a", content: "x"}, {path: "a", kind: kindDir, want: refused, error: wire.Kind_KIND_EXISTS}},
		"the root as a file":                    {{path: "", want: refused, error: wire.Kind_KIND_INVALID}},
		"M36, as deep as can be":                {{path: strings.Repeat("d/", MaxDepth-1) + "d", want: refused, error: wire.Kind_KIND_NOT_FOUND}},
	} {
		t.Run(name, func(t *testing.T) {
			s := newRawSender(t, ServerConfig{}, &wire.Options{KeepLinks: true, KeepMode: true})
			write(t, filepath.Join(filepath.Dir(s.dir), "secret"), secret)
			files := map[string]string{}
			for i, it := range items {
				s.sendItem(uint64(i+1), it, files)
			}
			s.say(end)
			if s.hear().GetFinished() == nil {
				t.Error("it is not finished")
			}
			s.holdsOnly(files)
			holds(t, filepath.Join(filepath.Dir(s.dir), "secret"), secret)
		})
	}
}

// sendItem announces it, sends what is wanted, and notes what lies there then.
func (s *rawSender) sendItem(id uint64, it lyingItem, files map[string]string) {
	s.t.Helper()
	m := announce(id, it.path, len(it.content))
	e := m.GetEntry().Entry
	e.Kind, e.Target, e.Mode = it.kind, []byte(it.target), it.mode
	if it.mode == 0 && it.kind != kindDir {
		e.Mode = 0o644
	}
	s.say(m)
	a := s.hear().GetAnswer()
	if a.GetId() != id || a.GetVerdict() != it.want || it.want == refused && a.GetError().GetKind() != it.error {
		s.t.Fatalf("%.40q: %v", it.path, a)
	}
	if it.want != wanted {
		return
	}
	if it.kind != kindLink {
		data := []byte(it.content)
		st, in := s.data()
		if _, err := sendChunk(s.t, st, in, chunkMessage(id, 0, data, valueOf(data, 0, mib, true)), data); err != nil {
			s.t.Fatal(err)
		}
	}
	if r := s.hear().GetResult(); r.GetId() != id || it.lost && r.GetError().GetKind() != wire.Kind_KIND_EXISTS {
		s.t.Fatalf("%.40q: %v", it.path, r)
	} else if r.GetError() == nil {
		files[it.path] = it.content
	}
}

// holdsOnly holds the directory against files: those with content are regular
// ones of it, with no rights but those of permissions.
func (s *rawSender) holdsOnly(files map[string]string) {
	s.t.Helper()
	seen := 0
	must(s.t, filepath.WalkDir(s.dir, func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		seen++
		rel, _ := filepath.Rel(s.dir, name)
		content, ok := files[filepath.ToSlash(rel)]
		fi, err := d.Info()
		if err != nil {
			return err
		}
		if !ok || fi.Mode()&(fs.ModeSetuid|fs.ModeSetgid|fs.ModeSticky) != 0 {
			s.t.Errorf("there is %q, %v", rel, fi.Mode())
		}
		if fi.Mode().IsRegular() {
			holds(s.t, name, content)
		}
		return nil
	}))
	if seen != len(files) {
		s.t.Errorf("%d files and links, want %d", seen, len(files))
	}
}

// M49: times beyond what a disk and a calendar can hold are brought within.
func TestLyingTimes(t *testing.T) {
	for _, at := range []int64{-1 << 63, 1<<63 - 1, -62135596801, 253402300800, 1 << 40} {
		s := newRawSender(t, ServerConfig{}, &wire.Options{KeepTimes: true})
		m := announce(1, "f", 0)
		m.GetEntry().Entry.ModifiedS, m.GetEntry().Entry.ModifiedNs = at, 999_999_999
		s.say(m)
		s.hear()
		st, in := s.data()
		sendChunk(t, st, in, chunkMessage(1, 0, nil, valueOf(nil, 0, mib, true)), nil)
		r := s.hear().GetResult()
		fi, err := os.Stat(filepath.Join(s.dir, "f"))
		if r.GetError() == nil && (err != nil || fi.ModTime().After(time.Unix(lastSecond+1, 0)) || fi.ModTime().Before(time.Unix(firstSecond-1, 0))) {
			t.Errorf("%d: %v, %v", at, fi, err)
		}
		s.link.Close("next")
	}
}

// M30, M76, M80: data streams of a transfer that is not there, or another's, or
// with a name that is none, get nowhere.
func TestLyingAboutTheTransfer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newRawSender(t, ServerConfig{}, nil)
		s.say(announce(1, "file", 1))
		s.hear()
		var all sync.WaitGroup
		for name, id := range map[string][]byte{
			"none": nil, "short": []byte("short"), "another": []byte("fedcba9876543210"), "long": make([]byte, 17),
		} {
			st := stream(t, s.link)
			b := rawRequest(t, id)
			st.Write(b)
			st.SetReadDeadline(time.Now().Add(dataPatience + 5*time.Second))
			all.Go(func() {
				reply := new(wire.Reply)
				if err := wire.Read(bufio.NewReader(st), reply); err == nil && reply.GetError().GetKind() != wire.Kind_KIND_LIMIT || os.IsTimeout(err) {
					t.Errorf("%s: %v, %v", name, reply, err)
				}
			})
		}
		all.Wait()
		second := stream(t, s.link)
		must(t, wire.Write(second, &wire.Request{Ask: &wire.Request_Send{Send: &wire.Send{Transfer: rawID, Into: true}}}))
		if n, err := second.Read(make([]byte, 1)); n > 0 || err == nil {
			t.Errorf("a second transfer of the same name: %v", err)
		}
		s.nothing()
	})
}

// M44: another name of an entry that is none, of itself or of one to come, makes
// no link to anything.
func TestLyingHardLinks(t *testing.T) {
	for name, link := range map[string]uint64{"itself": 2, "one to come": 3, "far away": 1 << 40} {
		t.Run(name, func(t *testing.T) {
			s := newRawSender(t, ServerConfig{}, &wire.Options{KeepLinks: true})
			s.say(announce(1, "first", 1))
			s.hear()
			m := announce(2, "second", 1)
			m.GetEntry().Link = link
			s.say(m)
			s.fails(Protocol)
		})
	}
	s := newRawSender(t, ServerConfig{}, &wire.Options{KeepLinks: true})
	m := announce(1, "dir/../../first", 1)
	m.GetEntry().Names = 1<<32 - 1
	s.say(m)
	s.fails(BadName)
}

// rawRequest is a Data request for whatever id.
func rawRequest(t *testing.T, id []byte) []byte {
	data := append([]byte{0x0a, byte(len(id))}, id...)
	ask := append([]byte{0x92, 0x01, byte(len(data))}, data...)
	return append([]byte{byte(len(ask))}, ask...)
}
