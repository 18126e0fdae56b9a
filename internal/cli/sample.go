package cli

import (
	"encoding/binary"
	"hash/maphash"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// A sampleEntry is a file, directory (with a slash at the end) or link of a
// sample tree.
type sampleEntry struct {
	name string
	text string
	size int // of a file without text
	mode os.FileMode
	link string
}

const sampleWelcome = `This is a peer of bargee, served from a temporary directory over real QUIC.

Copy something: put the cursor on it and press F5. Tag several with Insert or
Space. F1 shows all keys, q leaves, and nothing of this stays behind.
`

// sampleHere and samplePeer have what transfers meet in practice: small, large
// and empty files, names of all alphabets, deep directories, links, many files.
var (
	sampleHere = []sampleEntry{
		{name: "interview.wav", size: 64 << 20},
		{name: "lecture.mkv", size: 192 << 20},
		{name: "notes.txt", text: "Things to send to the peer.\n"},
		{name: "Grüße.txt", text: "Schöne Grüße!\n"},
		{name: "東京物語.mkv", size: 48 << 20},
		{name: "to the notes", link: "notes.txt"},
	}
	samplePeer = []sampleEntry{
		{name: "welcome.txt", text: sampleWelcome},
		{name: "film.mkv", size: 64 << 20},
		{name: "archive.tar", size: 12 << 20},
		{name: "empty.txt"},
		{name: "empty directory/"},
		{name: "photos/Ålesund.jpg", size: 340_000},
		{name: "photos/海の写真.jpg", size: 510_000},
		{name: "photos/família 👩‍👩‍👧.jpg", size: 270_000},
		{name: "photos/Москва.jpg", size: 610_000},
		{name: "a/very/deep/directory/that/goes/on/for/a/while/bottom.txt", text: "You found it.\n"},
		{name: "bin/hello.sh", text: "#!/bin/sh\necho hello\n", mode: 0o755},
		{name: "latest film", link: "film.mkv"},
		{name: "links/to photos", link: "../photos"},
		{name: "links/to nowhere", link: "gone.txt"},
	}
)

// sampleLogs are many small files.
func sampleLogs() []sampleEntry {
	var all []sampleEntry
	for _, month := range []string{"january", "february", "march", "april", "may", "june"} {
		for _, day := range []string{"mon", "tue", "wed", "thu", "fri", "sat", "sun"} {
			for _, hour := range []string{"06", "09", "12", "15", "18", "21"} {
				all = append(all, sampleEntry{name: "logs/" + month + "/" + day + "-" + hour + ".log", size: 900})
			}
		}
	}
	return all
}

// writeSample makes a tree of entries in dir. What is in large files is not to
// be had twice, and does not shrink: each has to cross the link as a whole.
func writeSample(dir string, entries []sampleEntry) error {
	block := make([]byte, 1<<20)
	rand.NewChaCha8([32]byte{'b', 'a', 'r', 'g', 'e', 'e'}).Read(block)
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	at := time.Now().Add(-400 * 24 * time.Hour)
	for i, e := range entries {
		name := filepath.Join(dir, filepath.FromSlash(e.name))
		if err := writeEntry(name, e, block); err != nil {
			return err
		}
		if e.link == "" {
			mod := at.Add(time.Duration(i) * 31 * time.Hour)
			if err := os.Chtimes(name, mod, mod); err != nil {
				return err
			}
		}
	}
	return nil
}

// sampleSeed makes the files of this run differ from each other.
var sampleSeed = maphash.MakeSeed()

func writeEntry(name string, e sampleEntry, block []byte) error {
	if strings.HasSuffix(e.name, "/") {
		return os.MkdirAll(name, 0o755)
	}
	if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		return err
	}
	if e.link != "" {
		return os.Symlink(filepath.FromSlash(e.link), name)
	}
	if e.mode == 0 {
		e.mode = 0o644
	}
	f, err := os.OpenFile(name, os.O_CREATE|os.O_EXCL|os.O_WRONLY, e.mode)
	if err != nil {
		return err
	}
	_, err = f.WriteString(e.text)
	for at := 0; at < e.size && err == nil; at += len(block) {
		binary.LittleEndian.PutUint64(block, maphash.String(sampleSeed, e.name)+uint64(at))
		_, err = f.Write(block[:min(e.size-at, len(block))])
	}
	if cerr := f.Close(); err == nil {
		err = cerr
	}
	return err
}
