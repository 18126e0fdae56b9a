package depot

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/bargee/bargee/internal/drop"
	"github.com/bargee/bargee/session"
)

// served returns a client of what h answers.
func served(t *testing.T, h http.HandlerFunc) *Client {
	t.Helper()
	s := httptest.NewServer(h)
	t.Cleanup(s.Close)
	tr := &http.Transport{}
	t.Cleanup(tr.CloseIdleConnections)
	return New(Config{Transport: tr, Origin: s.URL, APIKey: "bgk_x"})
}

func TestWhatIsAsked(t *testing.T) {
	id, digest, owner, claim := session.DropID{1}, session.DropDigest{2}, session.DropOwner{3}, session.DropClaim{4}
	list := session.DropList{Manifest: []session.DropDigest{{5}}, Data: []session.DropDigest{digest}}
	var asked []string
	c := served(t, func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			t.Error(err)
		}
		if r.Header.Get("Authorization") != "Bearer bgk_x" {
			t.Error("no API key")
		}
		line := r.Method + " " + r.URL.RequestURI()
		if r.Header.Get("Bargee-Owner") == owner.Reveal() {
			line += " owner"
		}
		if r.Header.Get("Bargee-Claim") == claim.String() {
			line += " claim"
		}
		asked = append(asked, line)
		switch {
		case strings.HasSuffix(r.URL.Path, "/missing"):
			w.Write(body[32:])
		case strings.HasSuffix(r.URL.Path, "/list"):
			w.Write(list.Encode())
		case r.Method == "GET" && strings.HasSuffix(r.URL.Path, digest.String()):
			w.Write([]byte("sealed"))
		case r.Method == "GET" && r.URL.Path == "/d":
			fmt.Fprintf(w, `{"drops":[{"id":%q,"chunks":3,"new":true}]}`, id)
		case r.Method == "DELETE":
			w.WriteHeader(http.StatusNoContent)
		default:
			fmt.Fprintf(w, `{"id":%q,"bytes":7,"chunks":2,"manifest":1,"downloads_left":0,"expires":"2030-01-02T03:04:05Z","until":"2030-01-02T03:04:05Z"}`, id)
		}
	})
	ctx := t.Context()
	st, err := c.Begin(ctx, session.DropPlan{ID: id, Owner: owner.Sum(), Bytes: 7, Chunks: 2, TTL: time.Hour, Mailbox: session.DropMailbox{9}, Envelope: []byte("e")})
	if err != nil || st.Bytes != 7 || st.Downloads != 0 || st.Expires.Year() != 2030 {
		t.Errorf("%+v %v", st, err)
	}
	missing, err := c.Missing(ctx, id, owner, []session.DropDigest{{1}, digest})
	if err != nil || !slices.Equal(missing, []session.DropDigest{digest}) {
		t.Errorf("%v %v", missing, err)
	}
	got, err := c.List(ctx, id)
	if err != nil || !bytes.Equal(got.Encode(), list.Encode()) {
		t.Error(err)
	}
	buf := make([]byte, 100)
	if b, err := c.Get(ctx, id, claim, digest, buf); err != nil || string(b) != "sealed" || &b[0] != &buf[0] {
		t.Errorf("%q %v", b, err)
	}
	until, err := c.Take(ctx, id, claim)
	if err != nil || until.Year() != 2030 {
		t.Error(err)
	}
	drops, err := c.Mine(ctx)
	if err != nil || len(drops) != 1 || drops[0].ID != id || drops[0].Downloads != -1 {
		t.Errorf("%v %v", drops, err)
	}
	_, mailboxErr := c.Mailbox(ctx, session.DropMailbox{9})
	_, infoErr := c.Info(ctx, id)
	_, commitErr := c.Commit(ctx, id, owner, list)
	if err := errors.Join(mailboxErr, infoErr, commitErr, c.Put(ctx, id, owner, digest, []byte("x")), c.Taken(ctx, id, claim), c.Remove(ctx, id, owner)); err != nil {
		t.Error(err)
	}
	d := "/d/" + id.String()
	want := []string{"POST /d", "POST " + d + "/missing owner", "GET " + d + "/list", "GET " + d + "/" + digest.String() + " claim",
		"POST " + d + "/take", "GET /d?mine", "GET /d?mailbox=" + session.DropMailbox{9}.String(), "GET " + d,
		"POST " + d + "/commit owner", "PUT " + d + "/" + digest.String() + " owner", "POST " + d + "/taken", "DELETE " + d + " owner"}
	if !slices.Equal(asked, want) {
		t.Errorf("asked\n%s\nwant\n%s", strings.Join(asked, "\n"), strings.Join(want, "\n"))
	}
}

func TestWhatIsRefused(t *testing.T) {
	for _, test := range []struct {
		status int
		body   string
		want   error
		says   string
	}{
		{413, `{"error":{"kind":"limit","message":"1 GiB, and at most 1 MiB are kept"}}`, session.Limit, "at most"},
		{507, `{"error":{"kind":"no-space","message":"full"}}`, session.NoSpace, "full"},
		{404, `not JSON`, session.NotFound, "404"},
		{500, `{"error":{"kind":"kind-of-a-newer-one","message":"x\u001b[31m"}}`, session.Internal, "x"},
		{409, `{"missing":3}`, session.ErrMissing, "3 chunks"},
		{409, `{"error":{"kind":"exists","message":"of somebody else"}}`, session.Exists, "somebody"},
		{502, ``, session.Unreachable, "502"},
		{200, `{"id":"00000000000000000000000000000009"}`, session.Protocol, "another"},
		{200, `{"bytes":-1}`, session.Protocol, "limits"},
		{200, `{`, session.Protocol, "read"},
	} {
		c := served(t, func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(test.status)
			io.WriteString(w, test.body)
		})
		_, err := c.Commit(t.Context(), drop.ID{1}, session.DropOwner{}, session.DropList{Manifest: make([]drop.Digest, 1)})
		if !errors.Is(err, test.want) || !strings.Contains(err.Error(), test.says) || strings.Contains(err.Error(), "\x1b") {
			t.Errorf("%d %s: %v", test.status, test.body, err)
		}
	}
	c := served(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Length", "9999999")
		w.WriteHeader(200)
	})
	if _, err := c.Get(t.Context(), drop.ID{1}, session.DropClaim{}, drop.Digest{1}, nil); !errors.Is(err, session.Protocol) {
		t.Errorf("a chunk without measure: %v", err)
	}
}

// transport answers requests without a network.
type transport func(*http.Request) (*http.Response, error)

func (f transport) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

func TestNoAnswer(t *testing.T) {
	gone := New(Config{Transport: transport(func(*http.Request) (*http.Response, error) { return nil, io.ErrUnexpectedEOF })})
	if _, err := gone.Info(t.Context(), drop.ID{}); !errors.Is(err, session.Unreachable) {
		t.Error(err)
	}
	waits := transport(func(r *http.Request) (*http.Response, error) {
		<-r.Context().Done()
		return nil, r.Context().Err()
	})
	synctest.Test(t, func(t *testing.T) {
		c := New(Config{Transport: waits})
		began := time.Now()
		if _, err := c.Info(t.Context(), drop.ID{}); !errors.Is(err, session.Timeout) || time.Since(began) != 30*time.Second {
			t.Errorf("after %v: %v", time.Since(began), err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		time.AfterFunc(time.Second, cancel)
		if _, err := c.Info(ctx, drop.ID{}); !errors.Is(err, session.Interrupted) {
			t.Error(err)
		}
	})
}

// Of many chunks that are put at once few are on their way, and all wait for answers.
func TestFewChunksOnTheirWay(t *testing.T) {
	const many = 3 * sendAtOnce
	var read, answer sync.WaitGroup
	read.Add(many)
	answer.Add(1)
	c := served(t, func(w http.ResponseWriter, r *http.Request) {
		io.Copy(io.Discard, r.Body)
		read.Done()
		answer.Wait()
	})
	var putting sync.WaitGroup
	for i := range byte(many) {
		putting.Go(func() {
			if err := c.Put(t.Context(), session.DropID{1}, session.DropOwner{2}, session.DropDigest{i}, []byte("sealed")); err != nil {
				t.Error(err)
			}
		})
	}
	read.Wait() // none of them waited for the answer of another one
	answer.Done()
	putting.Wait()

	for range sendAtOnce { // as chunks that do not get away
		c.sending <- struct{}{}
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := c.Put(ctx, session.DropID{1}, session.DropOwner{2}, session.DropDigest{9}, []byte("sealed")); err == nil {
		t.Error("it was sent")
	}
}
