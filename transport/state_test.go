package transport

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"
)

func TestIdentityFile(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "state")
	id, err := LoadIdentity(dir)
	if err != nil {
		t.Fatal(err)
	}
	again, err := LoadIdentity(dir)
	if err != nil || again.Fingerprint() != id.Fingerprint() {
		t.Fatalf("the second time: %v, %v", again, err)
	}
	path := filepath.Join(dir, "identity")
	if info, err := os.Stat(path); err != nil || runtime.GOOS != "windows" && info.Mode().Perm() != 0o600 {
		t.Errorf("%v, %v", info.Mode(), err)
	}
	kem, err := id.KEM()
	if err != nil || len(kem) != 1216 {
		t.Errorf("KEM key of %d bytes, %v", len(kem), err)
	}
	if err := os.WriteFile(path, []byte("bgid_nonsense\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := LoadIdentity(dir); err == nil || !strings.Contains(err.Error(), path) {
		t.Errorf("a damaged file: %v", err)
	}
}

func TestIdentityReadableByOthers(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("no mode bits")
	}
	dir := t.TempDir()
	if _, err := LoadIdentity(dir); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(dir, "identity")
	for _, mode := range []fs.FileMode{0o640, 0o604, 0o660} {
		if err := os.Chmod(path, mode); err != nil {
			t.Fatal(err)
		}
		_, err := LoadIdentity(dir)
		if !errors.Is(err, fs.ErrPermission) || !strings.Contains(err.Error(), "chmod 600 '"+path+"'") {
			t.Errorf("mode %o: %v", mode, err)
		}
	}
}

// TestIdentityRace: whoever comes first, everybody gets the same identity.
func TestIdentityRace(t *testing.T) {
	dir := t.TempDir()
	var wait sync.WaitGroup
	var mu sync.Mutex
	seen := map[Fingerprint]bool{}
	for range 16 {
		wait.Go(func() {
			id, err := LoadIdentity(dir)
			if err != nil {
				t.Error(err)
				return
			}
			mu.Lock()
			seen[id.Fingerprint()] = true
			mu.Unlock()
		})
	}
	wait.Wait()
	if len(seen) != 1 {
		t.Errorf("%d identities", len(seen))
	}
}

func openKnown(t *testing.T) (*KnownPeers, string) {
	t.Helper()
	dir := t.TempDir()
	k, err := OpenKnownPeers(dir)
	if err != nil {
		t.Fatal(err)
	}
	return k, filepath.Join(dir, "known_peers.json")
}

func TestKnownPeers(t *testing.T) {
	k, path := openKnown(t)
	nas := KnownPeer{Name: "nas", Key: Fingerprint{1}, KEM: []byte{1, 2}, Addresses: []string{"nas.lan:6768"}, Relay: "r:1"}
	if err := k.Add(nas); err != nil {
		t.Fatal(err)
	}
	if err := k.Add(KnownPeer{Name: "büro", Key: Fingerprint{2}}); err != nil {
		t.Fatal(err)
	}
	if err := k.Seen(nas.Key, "192.0.2.7:6768", Rendezvous{}); err != nil {
		t.Fatal(err)
	}
	other, err := OpenKnownPeers(filepath.Dir(path)) // as another process sees it
	if err != nil {
		t.Fatal(err)
	}
	p, err := other.Lookup("nas")
	if err != nil || p.Key != nas.Key || p.Relay != "r:1" || p.LastSeen.IsZero() || p.Added.IsZero() ||
		strings.Join(p.Addresses, " ") != "192.0.2.7:6768 nas.lan:6768" {
		t.Errorf("%+v, %v", p, err)
	}
	if p, err := other.LookupKey(Fingerprint{2}); err != nil || p.Name != "büro" {
		t.Errorf("%+v, %v", p, err)
	}
	if all, err := other.List(); err != nil || len(all) != 2 || all[0].Name != "büro" {
		t.Errorf("%+v, %v", all, err)
	}
	if err := other.Rename("büro", "office"); err != nil {
		t.Error(err)
	}
	if err := other.Rename("office", "nas"); err == nil || !strings.Contains(err.Error(), `"nas"`) {
		t.Errorf("renamed on a name that is taken: %v", err)
	}
	if err := other.Forget("nas"); err != nil {
		t.Error(err)
	}
	for _, err := range []error{k.Forget("nas"), k.Rename("nas", "nasty"), k.Seen(nas.Key, "x:1", Rendezvous{})} {
		if !errors.Is(err, ErrUnknownPeer) {
			t.Errorf("of a forgotten peer: %v", err)
		}
	}
	if _, err := k.Lookup("nas"); !errors.Is(err, ErrUnknownPeer) {
		t.Errorf("lookup: %v", err)
	}
}

func TestKnownPeersTaken(t *testing.T) {
	k, _ := openKnown(t)
	if err := k.Add(KnownPeer{Name: "nas", Key: Fingerprint{1}}); err != nil {
		t.Fatal(err)
	}
	err := k.Add(KnownPeer{Name: "server", Key: Fingerprint{1}})
	if err == nil || !strings.Contains(err.Error(), `"nas"`) || !strings.Contains(err.Error(), `"server"`) {
		t.Errorf("a key under two names: %v", err)
	}
	err = k.Add(KnownPeer{Name: "nas", Key: Fingerprint{2}})
	if err == nil || !strings.Contains(err.Error(), Fingerprint{1}.Short()) || !strings.Contains(err.Error(), Fingerprint{2}.Short()) {
		t.Errorf("a name for two keys: %v", err)
	}
}

func TestPeerNames(t *testing.T) {
	for _, name := range []string{"nas", "büro", "日本", "a-b.c_d", "my_nas2"} {
		if err := CheckPeerName(name); err != nil {
			t.Errorf("%q: %v", name, err)
		}
	}
	for _, name := range []string{"", "a", "a:b", "a/b", `a\b`, "a b", "a\x1b[m", "a\u202eb", "-rf", ".hidden", "a@b", "[x]", "a\nb", "x\xff", strings.Repeat("x", 65)} {
		if err := CheckPeerName(name); err == nil {
			t.Errorf("%q is good", name)
		}
	}
}

// TestKnownPeersDamaged holds M114.
func TestKnownPeersDamaged(t *testing.T) {
	k, path := openKnown(t)
	tests := map[string]struct{ content, want string }{
		"cut":          {"{\n  \"peers\": [\n    {\"name\"", "known_peers.json:3:"},
		"bad key":      {"{\"peers\": [\n{\"name\": \"nas\", \"key\": \"x\"}]}", "known_peers.json"},
		"wrong type":   {"{\n\n\"peers\": [{\"name\": 5}]}", "known_peers.json:3:"},
		"bad name":     {`{"peers": [{"name": "a:b", "key": "` + (Fingerprint{1}).String() + `"}]}`, "entry 1"},
		"key is twice": {`{"peers": [{"name": "aa", "key": "` + (Fingerprint{1}).String() + `"}, {"name": "bb", "key": "` + (Fingerprint{1}).String() + `"}]}`, "entries 1 and 2"},
		"too large":    {strings.Repeat(" ", maxStateFile+1), "larger than"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			if err := os.WriteFile(path, []byte(test.content), 0o600); err != nil {
				t.Fatal(err)
			}
			if _, err := k.List(); err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("%v", err)
			}
			// What cannot be read is not overwritten.
			k.Add(KnownPeer{Name: "new", Key: Fingerprint{9}})
			if b, _ := os.ReadFile(path); string(b) != test.content {
				t.Error("the file was overwritten")
			}
		})
	}
}

// TestKnownPeersTogether: writers at the same time lose nothing.
func TestKnownPeersTogether(t *testing.T) {
	_, path := openKnown(t)
	var wait sync.WaitGroup
	for i := range byte(20) {
		wait.Go(func() {
			k, err := OpenKnownPeers(filepath.Dir(path))
			if err == nil {
				err = k.Add(KnownPeer{Name: "peer-" + string('a'+rune(i)), Key: Fingerprint{i + 1}})
			}
			if err != nil {
				t.Error(err)
			}
		})
	}
	wait.Wait()
	k, err := OpenKnownPeers(filepath.Dir(path))
	if err != nil {
		t.Fatal(err)
	}
	if all, err := k.List(); err != nil || len(all) != 20 {
		t.Errorf("%d peers, %v", len(all), err)
	}
	left, err := filepath.Glob(filepath.Join(filepath.Dir(path), ".known*"))
	if err != nil || len(left) != 0 {
		t.Errorf("left behind: %v, %v", left, err)
	}
}

func TestGrants(t *testing.T) {
	g, err := OpenGrants(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	now := time.Now()
	for _, grant := range []Grant{
		{Key: Fingerprint{1}, Tree: "/a", Origin: "t1"},
		{Key: Fingerprint{1}, Tree: "/b", Origin: "t2"},
		{Key: Fingerprint{2}, Tree: "/a", Origin: "t1", Expires: now.Add(time.Hour)},
		{Key: Fingerprint{3}, Tree: "/a", Origin: "t1", Expires: now.Add(-time.Second)},
		{Key: Fingerprint{1}, Tree: "/a", Origin: "t1"}, // again
	} {
		if err := g.Add(grant); err != nil {
			t.Fatal(err)
		}
	}
	finds := []struct {
		key  byte
		tree string
		want bool
	}{{1, "/a", true}, {1, "/b", true}, {1, "/c", false}, {1, "/a/b", false}, {2, "/a", true}, {2, "/b", false}, {3, "/a", false}, {4, "/a", false}}
	for _, f := range finds {
		if _, ok, err := g.Find(Fingerprint{f.key}, f.tree); ok != f.want || err != nil {
			t.Errorf("key %d for %s: %v, %v", f.key, f.tree, ok, err)
		}
	}
	if all, _ := g.List(); len(all) != 4 {
		t.Errorf("%d grants", len(all))
	}
	gone, err := g.Revoke("t1")
	if err != nil || len(gone) != 3 {
		t.Errorf("revoked %v, %v", gone, err)
	}
	if _, ok, _ := g.Find(Fingerprint{1}, "/a"); ok {
		t.Error("revoked, and still good")
	}
	if _, ok, _ := g.Find(Fingerprint{1}, "/b"); !ok {
		t.Error("another token's grant went too")
	}
	if err := g.Add(Grant{Tree: "/a"}); err == nil {
		t.Error("a grant for no key")
	}
}

// TestAdmissionOfTrees: grants of several trees let in, those of one origin only, and
// nobody is kept there who asks for it.
func TestAdmissionOfTrees(t *testing.T) {
	grants, err := OpenGrants(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	client := testIdentity("client").Fingerprint()
	for _, g := range []Grant{
		{Key: client, Tree: "/far", Origin: "pair", Mode: ReadOnly},
		{Key: client, Tree: "/near", Origin: "bgt"},
		{Key: client, Tree: "/none", Origin: "pair"},
	} {
		if err := grants.Add(g); err != nil {
			t.Fatal(err)
		}
	}
	a := &Admission{Tree: "/near", Trees: func() []string { return []string{"/far"} }, Grants: grants, Origin: "pair"}
	login := serverLogin{admission: a, report: func(err error) { t.Error(err) }}
	g, ok := login.grant(channel{client: client}, nil)
	if !ok || g.Tree != "/far" || g.Mode != ReadOnly {
		t.Errorf("let in by %+v, %v", g, ok)
	}
	if login.keep(Grant{Key: Fingerprint{9}, Tree: "/near", Origin: codeOrigin}) {
		t.Error("a grant is kept")
	}
	a.Trees = nil
	if g, ok := login.grant(channel{client: client}, nil); ok {
		t.Errorf("without the tree let in by %+v", g)
	}
	if a.Origin = ""; !login.keep(Grant{Key: Fingerprint{9}, Tree: "/near", Origin: codeOrigin}) {
		t.Error("no grant is kept")
	}
	if g, ok := login.grant(channel{client: client}, nil); !ok || g.Tree != "/near" {
		t.Errorf("let in by %+v, %v", g, ok)
	}
}
