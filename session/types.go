package session

import (
	"cmp"
	"path"
	"slices"
	"strings"
)

// A TypeCount says how many files of a type a transfer has copied.
type TypeCount struct {
	Extension string // lower case, without the dot; "": none, OtherTypes: those of many others
	Files     int64
	Bytes     int64
}

// OtherTypes are the files whose extensions came when a transfer had many.
const OtherTypes = "*"

// typeCounts are those of a transfer, by extension.
type typeCounts map[string]typeCount

type typeCount struct {
	Files int64 `json:"files"`
	Bytes int64 `json:"bytes"`
}

// How many types are told apart in a transfer, and how long an extension is.
const (
	maxTypes     = 32
	maxExtension = 12
)

// add counts an item, if it is a file that was copied.
func (c *typeCounts) add(it *Item) {
	if it.Kind != RegularFile || it.Result != Copied && it.Result != Resumed {
		return
	}
	ext := extensionOf(it.Path.Base())
	if _, ok := (*c)[ext]; !ok && len(*c) >= maxTypes {
		ext = OtherTypes
	}
	if *c == nil {
		*c = typeCounts{}
	}
	n := (*c)[ext]
	n.Files++
	n.Bytes += it.Size
	(*c)[ext] = n
}

// extensionOf returns what says what a file is: "" for a name that has no
// extension, or one that is none that people use.
func extensionOf(name string) string {
	ext := strings.ToLower(strings.TrimPrefix(path.Ext(strings.TrimLeft(name, ".")), "."))
	odd := func(r rune) bool {
		return (r < 'a' || r > 'z') && (r < '0' || r > '9') && r != '_' && r != '-' && r != '+'
	}
	if len(ext) > maxExtension || strings.ContainsFunc(ext, odd) {
		return ""
	}
	return ext
}

// list returns the types, what most bytes are of first.
func (c typeCounts) list() (out []TypeCount) {
	for ext, n := range c {
		out = append(out, TypeCount{ext, n.Files, n.Bytes})
	}
	slices.SortFunc(out, func(a, b TypeCount) int {
		return cmp.Or(cmp.Compare(b.Bytes, a.Bytes), cmp.Compare(b.Files, a.Files), cmp.Compare(a.Extension, b.Extension))
	})
	return out
}

func typesToStore(list []TypeCount) map[string]typeCount {
	if len(list) == 0 {
		return nil
	}
	out := make(map[string]typeCount, len(list))
	for _, n := range list {
		out[n.Extension] = typeCount{n.Files, n.Bytes}
	}
	return out
}
