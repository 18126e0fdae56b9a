package cli

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/bargee/bargee/internal/s3test"
)

// A relay whose bucket cannot be reached starts, says so, and has it as soon as it is
// there; the same when it goes while the relay runs.
func TestRelayWithoutItsBucket(t *testing.T) {
	if testing.Short() {
		t.Skip("it waits for seconds")
	}
	server := s3test.New(t)
	r := startRelay(t, "--http", "127.0.0.1:0", "--data", server.Location("/relay"))
	origin := r.origin()
	ask := func(method, path, body string) (int, string, http.Header) {
		t.Helper()
		req, err := http.NewRequestWithContext(t.Context(), method, origin+path, strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		text, err := io.ReadAll(resp.Body)
		if err != nil {
			t.Fatal(err)
		}
		return resp.StatusCode, string(text), resp.Header
	}
	health := func(want int) {
		t.Helper()
		for deadline := time.Now().Add(time.Minute); ; <-time.After(50 * time.Millisecond) {
			code, text, _ := ask("GET", "/healthz", "")
			if code == want {
				return
			}
			if time.Now().After(deadline) {
				t.Fatalf("health is %d %s, want %d", code, text, want)
			}
		}
	}
	sum := sha256.Sum256([]byte("hello"))
	blob := "/" + r.store.serverID + "/" + hex.EncodeToString(sum[:])
	away := func() {
		t.Helper()
		for _, x := range [][2]string{{"PUT", blob}, {"GET", blob}, {"DELETE", blob}, {"GET", "/" + r.store.serverID + "/list"}, {"POST", "/d"}, {"GET", "/d/" + strings.Repeat("0a", 16)}} {
			body := ""
			if x[0] == "PUT" {
				body = "hello"
			}
			code, text, head := ask(x[0], x[1], body)
			var said struct{ Error struct{ Kind string } }
			if err := json.Unmarshal([]byte(text), &said); err != nil || code != 503 || said.Error.Kind != "unreachable" || head.Get("Retry-After") == "" {
				t.Errorf("%s: %d %s %v", x, code, text, head)
			}
		}
	}
	if err := r.relay.Probe(t.Context()); err != nil {
		t.Errorf("it does not forward: %v", err)
	}
	if code, text, _ := ask("GET", "/healthz", ""); code != 503 || !strings.Contains(text, "away") || strings.Contains(text, server.Address) {
		t.Errorf("%d %s", code, text)
	}
	if code, _, _ := ask("GET", "/", ""); code != 200 {
		t.Errorf("the page is %d", code)
	}
	away()
	server.Start()
	health(200)
	if code, text, _ := ask("PUT", blob, "hello"); code != 201 {
		t.Errorf("%d %s", code, text)
	}
	if code, text, _ := ask("GET", blob, ""); code != 200 || text != "hello" {
		t.Errorf("%d %s", code, text)
	}
}

// What a person has to mend is told at the start.
func TestRelayWithAWrongBucket(t *testing.T) {
	server := s3test.New(t)
	server.Start()
	for change, want := range map[[2]string]string{
		{"//bucket", "//other"}:      "there is no bucket other",
		{"endpoint=", "endpoints="}:  "endpoints is not known",
		{"bucket/relay", "bucket/."}: "key",
	} {
		if _, err := tryRelay(t, "--data", strings.Replace(server.Location("/relay"), change[0], change[1], 1)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", change[1], err)
		}
	}
	t.Setenv("AWS_SECRET_ACCESS_KEY", "wrong")
	if _, err := tryRelay(t, "--data", server.Location("/relay")); err == nil || !strings.Contains(err.Error(), "SignatureDoesNotMatch") {
		t.Errorf("%v", err)
	}
}
