package transport

import (
	_ "embed"
	"encoding/binary"
	"slices"
	"strings"
	"sync"
)

//go:embed words.txt
var wordText string

// words is the list that codes and the words of a link are made of: 7772 words
// of a-z, sorted.
var words = sync.OnceValue(func() []string {
	list := make([]string, 0, 7772)
	for line := range strings.Lines(wordText) {
		if !strings.HasPrefix(line, "#") {
			list = append(list, strings.TrimSpace(line))
		}
	}
	return list
})

func isWord(s string) bool {
	_, ok := slices.BinarySearch(words(), s)
	return ok
}

// linkWords is how many words stand for a link: 51 bits.
const linkWords = 4

// wordsOf returns the words that people at both ends of a link compare: of the
// exporter of lane 1 and both keys. They are of this connection, not of the keys
// alone: who is in between could look beforehand for two keys that give the same
// words on both sides, 2^26 tries. Here the server, which speaks last, decides what
// the words of one of his connections are, and he would have to meet all 51 bits
// with the other one while it waits.
func wordsOf(ch channel) string {
	salt := append(append([]byte(nil), ch.client[:]...), ch.server[:]...)
	b := derive(ch.join[:], salt, "bargee link words v1")
	list := words()
	var chosen []string
	for i := range linkWords {
		// 64 bits over 7772 words: none is noticeably likelier than another.
		n := binary.BigEndian.Uint64(b[8*i:])
		chosen = append(chosen, list[n%uint64(len(list))])
	}
	return strings.Join(chosen, " ")
}
