package transport

import (
	"bytes"
	"crypto/ecdh"
	"encoding/hex"
	"encoding/json"
	"os"
	"strings"
	"testing"
)

// cpaceVectors reads the X25519 part of testvectors.json of
// github.com/cfrg/draft-irtf-cfrg-cpace at 032a28c.
func cpaceVectors(t *testing.T, part string) map[string][]byte {
	t.Helper()
	b, err := os.ReadFile("testdata/cpace.json")
	if err != nil {
		t.Fatal(err)
	}
	var all map[string]map[string][]byte
	if err := json.Unmarshal(b, &all); err != nil {
		t.Fatal(err)
	}
	return all[part]
}

func TestCPaceVectors(t *testing.T) {
	v := cpaceVectors(t, "G_25519")
	if g := cpaceGenerator(v["PRS"], v["CI"], v["sid"]); !bytes.Equal(g, v["g"]) {
		t.Fatalf("generator %x, want %x", g, v["g"])
	}
	a, err := startCPace(v["PRS"], v["CI"], v["sid"], v["ya"])
	if err != nil {
		t.Fatal(err)
	}
	b, err := startCPace(v["PRS"], v["CI"], v["sid"], v["yb"])
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(a.share, v["Ya"]) || !bytes.Equal(b.share, v["Yb"]) {
		t.Errorf("shares %x and %x", a.share, b.share)
	}
	if k, err := scalarMult(a.scalar, b.share); err != nil || !bytes.Equal(k, v["K"]) {
		t.Errorf("K %x, %v", k, err)
	}
	ia, err := a.key(b.share, true, string(v["ADa"]), string(v["ADb"]))
	if err != nil || !bytes.Equal(ia, v["ISK_IR"]) {
		t.Errorf("ISK of the initiator %x, %v", ia, err)
	}
	ib, err := b.key(a.share, false, string(v["ADa"]), string(v["ADb"]))
	if err != nil || !bytes.Equal(ib, v["ISK_IR"]) {
		t.Errorf("ISK of the responder %x, %v", ib, err)
	}
}

// TestCPaceStrings holds the string functions to the draft's appendix A.
func TestCPaceStrings(t *testing.T) {
	if got := hex.EncodeToString(lvCat([]byte("1234"), []byte("5"), nil, []byte("6789"))); got != "04313233340135000436373839" {
		t.Errorf("lv_cat %s", got)
	}
	long := make([]byte, 128)
	if got := hex.EncodeToString(prependLen(nil, long)[:2]); got != "8001" {
		t.Errorf("prepend_len of 128 bytes starts with %s", got)
	}
	v := cpaceVectors(t, "G_25519")
	want := "0843506163653235350850617373776f72646d" + strings.Repeat("00", 109) +
		"1a6f630b425f726573706f6e6465720b415f696e69746961746f72107e4b4791d6a8ef019b936c79fb7f2c57"
	if got := hex.EncodeToString(generatorString(v["PRS"], v["CI"], v["sid"])); got != want {
		t.Errorf("generator string %s, want %s", got, want)
	}
}

// TestCPaceLowOrder: shares of small order never lead to a key. The file holds
// u0 to ub with q0 to qb of testvectors.md.
// It holds M87.
func TestCPaceLowOrder(t *testing.T) {
	text, err := os.ReadFile("testdata/cpace_low_order.txt")
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(strings.TrimSpace(string(text)), "\n")
	_, s, _ := strings.Cut(lines[0], " ")
	key, err := ecdh.X25519().NewPrivateKey(unhex(t, s))
	if err != nil {
		t.Fatal(err)
	}
	for _, line := range lines[1:] {
		u, q, _ := strings.Cut(line, " ")
		k, err := scalarMult(key, unhex(t, u))
		if neutral := strings.Trim(q, "0") == ""; neutral != (err != nil) || !neutral && !bytes.Equal(k, unhex(t, q)) {
			t.Errorf("%s leads to %x, %v; want %s", u, k, err, q)
		}
	}
	for _, p := range [][]byte{nil, make([]byte, 31), make([]byte, 33)} {
		if _, err := scalarMult(key, p); err == nil {
			t.Errorf("%d bytes lead to a key", len(p))
		}
	}
}

func unhex(t *testing.T, s string) []byte {
	t.Helper()
	b, err := hex.DecodeString(s)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// TestCPaceBinding: any difference in what goes in makes another key.
// It holds M89.
func TestCPaceBinding(t *testing.T) {
	scalar := func(b byte) []byte { return bytes.Repeat([]byte{b}, 32) }
	agree := func(prs, ci, sid string) bool {
		a, err := startCPace([]byte("correct horse"), []byte("ci"), []byte("sid"), scalar(1))
		if err != nil {
			t.Fatal(err)
		}
		b, err := startCPace([]byte(prs), []byte(ci), []byte(sid), scalar(2))
		if err != nil {
			t.Fatal(err)
		}
		ka, err := a.key(b.share, true, "A", "B")
		if err != nil {
			t.Fatal(err)
		}
		kb, err := b.key(a.share, false, "A", "B")
		if err != nil {
			t.Fatal(err)
		}
		return bytes.Equal(ka, kb)
	}
	if !agree("correct horse", "ci", "sid") {
		t.Error("the same phrase leads to two keys")
	}
	for _, other := range [][3]string{{"correct hors", "ci", "sid"}, {"correct horse", "cI", "sid"}, {"correct horse", "ci", "sie"}} {
		if agree(other[0], other[1], other[2]) {
			t.Errorf("%q leads to the same key", other)
		}
	}
}
