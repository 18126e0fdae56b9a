package drop

import (
	"bytes"
	"crypto/ed25519"
	"crypto/hpke"
	"encoding/hex"
	"encoding/json"
	"flag"
	"io"
	"os"
	"reflect"
	"strings"
	"testing"
	"time"
)

var update = flag.Bool("update", false, "write testdata/vectors.json anew: only for a new version of the format")

// vectors is what testdata/vectors.json holds; the page's tests read it, too.
type vectors struct {
	Key, ID, Link string
	DataKey       string // hex, as the manifest's
	ManifestKey   string
	Padded        [][2]int64
	Chunks        []chunkVector
	Manifest      struct {
		Lines  string // as text, with the filling
		Sealed string // the only chunk, hex
		Nonce  string
	}
	List struct {
		Manifest, Data  []string
		Encoded, Chunks string
	}
	Envelope struct{ KEMSeed, KEMPublic, Mailbox, Envelope string }
}

type chunkVector struct {
	Kind   int
	Index  uint64
	Final  bool
	Nonce  string
	Plain  string
	Sealed string
	Digest string
}

const vectorsFile = "testdata/vectors.json"

func TestVectors(t *testing.T) {
	want := makeVectors(t)
	if *update {
		b, err := json.MarshalIndent(want, "", " ")
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(vectorsFile, append(b, '\n'), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	b, err := os.ReadFile(vectorsFile)
	if err != nil {
		t.Fatal(err)
	}
	var have vectors
	if err := json.Unmarshal(b, &have); err != nil {
		t.Fatal(err)
	}
	// An envelope is another one each time: the file's has to open.
	kem, err := hpke.MLKEM768X25519().DeriveKeyPair(unhex(t, have.Envelope.KEMSeed))
	if err != nil {
		t.Fatal(err)
	}
	id, err := ParseID(have.ID)
	if err != nil {
		t.Fatal(err)
	}
	k, err := OpenEnvelope(kem, id, unhex(t, have.Envelope.Envelope))
	if err != nil || k.Reveal() != have.Key {
		t.Errorf("the envelope: %v", err)
	}
	want.Envelope.Envelope = have.Envelope.Envelope
	if !reflect.DeepEqual(have, want) {
		t.Errorf("the format is not what %s says", vectorsFile)
	}
	opensVectors(t, have)
}

// opensVectors reads what the file has, with nothing of this run.
func opensVectors(t *testing.T, v vectors) {
	t.Helper()
	k, err := ParseKey(v.Key)
	if err != nil {
		t.Fatal(err)
	}
	keys := Derive(k)
	for _, c := range v.Chunks {
		plain, err := keys.Open(nil, Kind(c.Kind), c.Index, c.Final, unhex(t, c.Sealed))
		if err != nil || hex.EncodeToString(plain) != c.Plain {
			t.Errorf("chunk %d: %v", c.Index, err)
		}
	}
	entries, m := readManifest(t, keys, [][]byte{unhex(t, v.Manifest.Sealed)})
	if len(entries) != 4 || m.Header.Bytes != 7 {
		t.Errorf("%d entries, %d bytes", len(entries), m.Header.Bytes)
	}
	if s := m.Signature(); s == nil {
		t.Error("no signature")
	} else if err := s.Verify(keys.ID, MailboxOf(unhex(t, v.Envelope.KEMPublic))); err != nil {
		t.Error(err)
	}
}

func makeVectors(t *testing.T) (v vectors) {
	t.Helper()
	var k Key
	for i := range k {
		k[i] = byte(i)
	}
	keys := Derive(k)
	v.Key, v.ID, v.Link = k.Reveal(), keys.ID.String(), Link("https://relay.example", k)
	v.DataKey = hex.EncodeToString(expand(k, "bargee drop chunk v1", 32))
	v.ManifestKey = hex.EncodeToString(expand(k, "bargee drop manifest v1", 32))
	for _, n := range []int64{0, 1, 4096, 4097, 5000, 1 << 20, 1<<20 + 1, 1<<30 + 1, 12345678901} {
		v.Padded = append(v.Padded, [2]int64{n, Padded(n)})
	}
	nonce := [NonceSize]byte{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12}
	list := List{}
	for i, plain := range []string{"", "hello", strings.Repeat("bargee ", 100)} {
		sealed := keys.sealWith(nil, nonce, Data, uint64(i), i == 2, []byte(plain))
		list.Data = append(list.Data, DigestOf(sealed))
		v.Chunks = append(v.Chunks, chunkVector{int(Data), uint64(i), i == 2, hex.EncodeToString(nonce[:]),
			hex.EncodeToString([]byte(plain)), hex.EncodeToString(sealed), DigestOf(sealed).String()})
	}
	kem, err := hpke.MLKEM768X25519().DeriveKeyPair(bytes.Repeat([]byte{7}, 32))
	if err != nil {
		t.Fatal(err)
	}
	public := kem.PublicKey().Bytes()
	v.Envelope.KEMSeed, v.Envelope.KEMPublic = hex.EncodeToString(bytes.Repeat([]byte{7}, 32)), hex.EncodeToString(public)
	v.Envelope.Mailbox = MailboxOf(public).String()
	envelope, err := SealTo(public, k)
	if err != nil {
		t.Fatal(err)
	}
	v.Envelope.Envelope = hex.EncodeToString(envelope)
	var lines bytes.Buffer
	writeManifest(t, &lines, keys.ID, MailboxOf(public), list)
	filled := append(lines.Bytes(), bytes.Repeat([]byte{' '}, int(Padded(int64(lines.Len())))-lines.Len())...)
	v.Manifest.Lines, v.Manifest.Nonce = string(filled), hex.EncodeToString(nonce[:])
	sealed := keys.sealWith(nil, nonce, Manifest, 0, true, filled)
	v.Manifest.Sealed = hex.EncodeToString(sealed)
	list.Manifest = []Digest{DigestOf(sealed)}
	v.List.Manifest = []string{list.Manifest[0].String()}
	for _, d := range list.Data {
		v.List.Data = append(v.List.Data, d.String())
	}
	v.List.Encoded, v.List.Chunks = hex.EncodeToString(list.Encode()), list.Chunks().String()
	return v
}

// writeManifest writes one that has all there can be.
func writeManifest(t *testing.T, w io.Writer, id ID, box Mailbox, list List) {
	t.Helper()
	m, err := NewManifestWriter(w, Header{Files: 2, Dirs: 1, Links: 1, Bytes: 7, Chunk: 1 << 20, Chunks: list.Chunks(),
		From: "ann", Tags: []string{"photos"}, Created: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC), Sequence: 9})
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range []Entry{
		{Path: "dir", Kind: Dir, Mode: 0o755, Modified: time.Date(2026, 1, 2, 3, 4, 5, 6, time.UTC)},
		{Path: "dir/hellö \U0001F600", Kind: File, Size: 5, Mode: 0o644, SHA256: DigestOf([]byte("hello")), BLAKE3: Digest{1}},
		{Path: "dir/\xff\n", Kind: File, Size: 2, Mode: NoMode},
		{Path: "link", Kind: Symlink, Mode: 0o777, Target: "dir/\xfe"},
	} {
		if err := m.Add(e); err != nil {
			t.Fatal(err)
		}
	}
	key := ed25519.NewKeyFromSeed(bytes.Repeat([]byte{5}, 32))
	err = m.Sign(id, box, key.Public().(ed25519.PublicKey), func(b []byte) []byte { return ed25519.Sign(key, b) })
	if err != nil {
		t.Fatal(err)
	}
}

func readManifest(t *testing.T, keys *Keys, chunks [][]byte) (entries []Entry, m *ManifestReader) {
	t.Helper()
	entries, m, err := tryManifest(keys, chunks)
	if err != nil {
		t.Fatal(err)
	}
	return entries, m
}

func tryManifest(keys *Keys, chunks [][]byte) (entries []Entry, m *ManifestReader, err error) {
	m, err = NewManifestReader(NewManifestOpener(keys, len(chunks), func(i int) ([]byte, error) { return bytes.Clone(chunks[i]), nil }))
	for err == nil {
		var e Entry
		if e, err = m.Next(); err == nil {
			entries = append(entries, e)
		}
	}
	if err == io.EOF {
		err = nil
	}
	return entries, m, err
}

func unhex(t *testing.T, s string) []byte {
	t.Helper()
	b, err := hex.DecodeString(s)
	if err != nil {
		t.Fatal(err)
	}
	return b
}
