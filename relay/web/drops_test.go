package web

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net/http/httptest"
	"reflect"
	"strings"
	"testing"

	"github.com/bargee/bargee/relay/blobs"
	"github.com/bargee/bargee/relay/drops"
)

// A deposit is a drop of some chunks, the first of which is the manifest.
type deposit struct {
	id, owner string
	chunks    [][]byte
}

func newDeposit(n, size int) deposit {
	d := deposit{id: hex.EncodeToString(random(16)), owner: hex.EncodeToString(random(32))}
	for range n {
		d.chunks = append(d.chunks, random(size))
	}
	return d
}

func (d deposit) begin(more string) *strings.Reader {
	secret, _ := hex.DecodeString(d.owner)
	sum := sha256.Sum256(secret)
	total := 0
	for _, c := range d.chunks {
		total += len(c)
	}
	return strings.NewReader(fmt.Sprintf(`{"id":%q,"bytes":%d,"chunks":%d,"owner":"%x"%s}`, d.id, total, len(d.chunks), sum, more))
}

func (d deposit) path(more string) string { return "/d/" + d.id + more }
func (d deposit) at(i int) string {
	return d.path(fmt.Sprintf("/%x", sha256.Sum256(d.chunks[i])))
}

func (d deposit) digests() []byte {
	var b []byte
	for _, c := range d.chunks {
		sum := sha256.Sum256(c)
		b = append(b, sum[:]...)
	}
	return b
}

func (d deposit) list() []byte { return append(binary.BigEndian.AppendUint32(nil, 1), d.digests()...) }

// store has all of a drop be there.
func (d deposit) store(s *site, more string) {
	s.t.Helper()
	s.want(s.ask("POST", "/d", d.begin(more), "Authorization", "Bearer "+s.key), 201, "")
	for i, c := range d.chunks {
		s.want(s.ask("PUT", d.at(i), bytes.NewReader(c), "Bargee-Owner", d.owner), 201, "")
	}
	s.want(s.ask("POST", d.path("/commit"), bytes.NewReader(d.list()), "Bargee-Owner", d.owner), 200, "")
}

// A drop is begun by who has an account, filled and completed by who began it, and
// then fetched by who can name it.
// It holds M104, M111.
func TestDrop(t *testing.T) {
	s := newSite(t, nil)
	d := newDeposit(3, 5000)
	auth := []string{"Authorization", "Bearer " + s.server} // as good as a key
	s.want(s.ask("POST", "/d", d.begin(""), auth...), 201, "")
	s.want(s.ask("POST", "/d", d.begin(""), auth...), 200, "")
	owner := []string{"Bargee-Owner", d.owner}
	s.want(s.ask("PUT", d.at(0), bytes.NewReader(d.chunks[0]), owner...), 201, "")
	s.want(s.ask("PUT", d.at(0), bytes.NewReader(d.chunks[0]), owner...), 200, "")
	if a := s.ask("POST", d.path("/missing"), bytes.NewReader(d.digests()), owner...); !bytes.Equal(a.body, d.digests()[32:]) {
		t.Errorf("missing: %d %x", a.status, a.body)
	}
	s.want(s.ask("GET", d.path(""), nil), 404, "not-found") // not before it is complete
	s.want(s.ask("GET", d.at(0), nil), 404, "not-found")
	a := s.ask("POST", d.path("/commit"), bytes.NewReader(d.list()), owner...)
	if s.want(a, 409, "invalid"); !bytes.Contains(a.body, []byte(`"missing":2`)) {
		t.Errorf("%s", a.body)
	}
	for i := 1; i < 3; i++ {
		s.want(s.ask("PUT", d.at(i), bytes.NewReader(d.chunks[i]), owner...), 201, "")
	}
	for range 2 {
		s.want(s.ask("POST", d.path("/commit"), bytes.NewReader(d.list()), owner...), 200, "")
	}
	var info dropJSON
	if a := s.ask("GET", d.path(""), nil); json.Unmarshal(a.body, &info) != nil || info.Version != 1 || info.Bytes != 15000 || info.Chunks != 3 || info.Manifest != 1 || info.Left != nil {
		t.Errorf("%d %s", a.status, a.body)
	}
	if a := s.ask("GET", d.path("/list"), nil); !bytes.Equal(a.body, d.list()) {
		t.Errorf("list: %d %x", a.status, a.body)
	}
	if a := s.ask("GET", d.at(1), nil, "Range", "bytes=10-19"); a.status != 206 || !bytes.Equal(a.body, d.chunks[1][10:20]) || a.head.Get("Etag") == "" {
		t.Errorf("range: %d %v", a.status, a.head)
	}
	if a := s.ask("HEAD", d.at(2), nil); a.status != 200 || a.head.Get("Content-Length") != "5000" {
		t.Errorf("head: %d %v", a.status, a.head)
	}
	if a := s.ask("GET", "/d?mine", nil, auth...); !bytes.Contains(a.body, []byte(d.id)) {
		t.Errorf("mine: %d %s", a.status, a.body)
	}
	if a := s.ask("GET", "/d?mine", nil, "Authorization", "Bearer "+s.key); bytes.Contains(a.body, []byte(d.id)) {
		t.Errorf("of somebody else: %s", a.body)
	}
	s.want(s.ask("DELETE", d.path(""), nil, "Bargee-Owner", strings.Repeat("0", 64)), 401, "auth")
	s.want(s.ask("DELETE", d.path(""), nil, owner...), 204, "")
	s.want(s.ask("GET", d.path(""), nil), 410, "not-found")
	s.want(s.ask("POST", "/d", d.begin(""), auth...), 410, "not-found")
}

// Downloads are counted by claims, and the last one takes the drop with it.
func TestDropDownloads(t *testing.T) {
	s := newSite(t, nil)
	d := newDeposit(2, 100)
	d.store(s, `,"downloads":1`)
	mine, other := hex.EncodeToString(random(16)), hex.EncodeToString(random(16))
	claim := func(c string) io.Reader { return strings.NewReader(`{"claim":"` + c + `"}`) }
	s.want(s.ask("GET", d.at(0), nil), 200, "") // the manifest: a look is no download
	s.want(s.ask("GET", d.at(1), nil), 403, "auth")
	s.want(s.ask("POST", d.path("/take"), claim("x")), 400, "invalid")
	for range 2 {
		s.want(s.ask("POST", d.path("/take"), claim(mine)), 200, "")
	}
	s.want(s.ask("POST", d.path("/take"), claim(other)), 410, "not-found")
	s.want(s.ask("GET", d.at(1), nil, "Bargee-Claim", other), 403, "auth")
	if a := s.ask("GET", d.at(1), nil, "Bargee-Claim", mine); !bytes.Equal(a.body, d.chunks[1]) {
		t.Errorf("%d %s", a.status, a.body)
	}
	if a := s.ask("GET", d.path(""), nil); !bytes.Contains(a.body, []byte(`"downloads_left":0`)) {
		t.Errorf("%s", a.body)
	}
	s.want(s.ask("POST", d.path("/taken"), claim(mine)), 204, "")
	s.want(s.ask("GET", d.path(""), nil), 410, "not-found")
}

// What is wrong with a drop is refused with the right status, and nothing is kept.
// It holds M97, M98, M110.
func TestDropRefused(t *testing.T) {
	s := newSite(t, func(_ *Config, _ *blobs.Config, l *drops.Limits) { l.Object, l.PerAccount = 10000, 15000 })
	auth := []string{"Authorization", "Bearer " + s.key}
	d := newDeposit(2, 1000)
	for more, status := range map[string]int{
		`,"ttl_s":-1`: 400, `,"ttl_s":99999999999999`: 400, `,"downloads":-1`: 400, `,"downloads":1000000`: 413, `,"mailbox":"x"`: 400,
		`,"envelope":"?"`: 400, `,"bytes":0`: 400, `,"bytes":9223372036854775807`: 400, `,"bytes":10001`: 413, `,"chunks":-1`: 400, `,"ttl_s":1e3`: 400,
		`,`: 400, `,"envelope":"` + strings.Repeat("A", 70<<10) + `"`: 413,
	} {
		if a := s.ask("POST", "/d", d.begin(more), auth...); a.status != status || a.kind() == "" {
			t.Errorf("%.40s: %d %s", more, a.status, a.body)
		}
	}
	for range 1 {
		newDeposit(1, 9000).store(s, "")
	}
	a := s.ask("POST", "/d", newDeposit(1, 9000).begin(""), auth...)
	s.want(a, 507, "limit")
	s.want(s.ask("POST", "/d", d.begin(""), auth...), 201, "")
	other := newDeposit(2, 1000)
	other.id = d.id
	s.want(s.ask("POST", "/d", other.begin(""), auth...), 409, "exists")
	owner := []string{"Bargee-Owner", d.owner}
	s.want(s.ask("PUT", d.at(0), bytes.NewReader(d.chunks[1]), owner...), 422, "integrity")
	s.want(s.ask("PUT", d.at(0), bytes.NewReader(d.chunks[0]), "Bargee-Owner", other.owner), 401, "auth")
	s.want(s.ask("PUT", d.at(0), bytes.NewReader(d.chunks[0]), "Bargee-Owner", "x"), 401, "auth")
	s.want(s.ask("PUT", d.at(0), struct{ io.Reader }{bytes.NewReader(d.chunks[0])}, owner...), 411, "invalid")
	s.want(s.ask("PUT", d.at(0), bytes.NewReader(make([]byte, drops.LargestChunk+1)), owner...), 413, "limit")
	s.want(s.ask("POST", d.path("/missing"), strings.NewReader("abc"), owner...), 400, "invalid")
	s.want(s.ask("POST", d.path("/missing"), bytes.NewReader(make([]byte, maxAsked+32)), owner...), 413, "limit")
	s.want(s.ask("POST", d.path("/commit"), strings.NewReader("ab"), owner...), 400, "invalid")
	s.want(s.ask("POST", d.path("/commit"), bytes.NewReader(make([]byte, 4)), owner...), 400, "invalid")
	for _, key := range s.kept() {
		if strings.Contains(key, d.id+"/c/") {
			t.Errorf("kept: %s", key)
		}
	}
}

// What the API of drops has words for tells a relay neither names nor how many files
// there are (threat R12): whoever gives it another field thinks of that first.
func TestDropHasNoNames(t *testing.T) {
	known := map[string]bool{}
	for _, name := range strings.Fields(`id version bytes chunks manifest complete created expires downloads downloads_left envelope origin
		ttl_s owner mailbox`) {
		known[name] = true
	}
	fields := 0
	for _, m := range []any{dropJSON{}, beginRequest{}} {
		for i, typ := 0, reflect.TypeOf(m); i < typ.NumField(); i++ {
			fields++
			if name, _, _ := strings.Cut(typ.Field(i).Tag.Get("json"), ","); !known[name] {
				t.Errorf("%s.%s: %q", typ, typ.Field(i).Name, name)
			}
		}
	}
	if fields < len(known) {
		t.Errorf("%d fields of %d were seen", fields, len(known))
	}
}

// Over a link an account is what the relay says it is; a guest fetches, and does no
// more unless he has a key.
func TestDropOverLink(t *testing.T) {
	s := newSite(t, nil)
	ask := func(c Caller, method, path string, body io.Reader, head ...string) (int, string) {
		w, r := httptest.NewRecorder(), httptest.NewRequest(method, path, body)
		for i := 0; i+1 < len(head); i += 2 {
			r.Header.Set(head[i], head[i+1])
		}
		s.h.As(c).ServeHTTP(w, r)
		return w.Code, w.Body.String()
	}
	d := newDeposit(1, 10)
	if code, body := ask(Caller{}, "POST", "/d", d.begin("")); code != 401 {
		t.Errorf("a guest began one: %d %s", code, body)
	}
	if code, body := ask(Caller{Account: "token"}, "POST", "/d", d.begin(""), "Authorization", "Bearer wrong"); code != 201 {
		t.Errorf("%d %s", code, body)
	}
	if code, body := ask(Caller{Account: "token"}, "GET", "/d?mine", nil); code != 200 || !strings.Contains(body, d.id) {
		t.Errorf("%d %s", code, body)
	}
	if code, body := ask(Caller{}, "POST", "/d", newDeposit(1, 10).begin(""), "Authorization", "Bearer "+s.key); code != 201 {
		t.Errorf("a guest with a key: %d %s", code, body)
	}
	if code, body := ask(Caller{Account: "token"}, "GET", "/"+s.server+"/list", nil); code != 200 {
		t.Errorf("%d %s", code, body)
	}
}
