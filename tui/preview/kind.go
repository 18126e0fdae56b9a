package preview

import (
	"bytes"
	"context"
	"io"
	"strings"

	"github.com/bargee/bargee/tui/cells"
	"github.com/gabriel-vasile/mimetype"
)

// HeadSize is how much of a file is read to preview it. Pictures and the lists
// of zip archives take more, within Limits.
const HeadSize = 64 << 10

// Limits bound what a preview costs, whatever a file claims of itself.
type Limits struct {
	Picture int64 // bytes of a picture that are read
	Pixels  int64 // and that it may have
	Archive int64 // bytes of an archive that are read
	Unpack  int64 // bytes that come of what is compressed
	Entries int   // of an archive that are listed
}

// DefaultLimits are for a file on this machine.
var DefaultLimits = Limits{Picture: 32 << 20, Pixels: 24e6, Archive: 4 << 20, Unpack: 16 << 20, Entries: 1000}

// FarLimits are for a file at a peer, of which every byte crosses the link.
var FarLimits = Limits{Picture: 8 << 20, Pixels: 24e6, Archive: 512 << 10, Unpack: 8 << 20, Entries: 1000}

// A Subject is a file to be previewed.
type Subject struct {
	Name string
	Size int64
	Head []byte      // its first HeadSize bytes, or all
	All  io.ReaderAt // for what takes more
}

// A Content is the preview of a file.
type Content struct {
	Kind    cells.Text // what it is, in a few words
	Lines   []Line     // what there is to be read
	Text    []byte     // or a text, to be laid out for the width there is
	Code    Code
	Hex     bool
	Picture *Picture // or a picture
}

// Of looks at a file. It may take long, and ends with ctx.
func Of(ctx context.Context, s Subject, l Limits) Content {
	kind := mimetype.Detect(s.Head)
	c := Content{Kind: cells.Shown(strings.TrimSuffix(kind.String(), "; charset=utf-8"))}
	switch {
	case s.Size == 0:
		c.Kind = cells.Say("empty")
		return c
	case c.readPicture(ctx, s, l), c.list(ctx, s, l):
		return c
	}
	c.Code = CodeOf(s.Head)
	c.Hex, c.Text = c.Code == Binary, s.Head
	if !c.Hex && kind.Is("application/octet-stream") {
		c.Kind = cells.Sayf("text, %s", c.Code)
	}
	return c
}

// Rows lays out a content that is no picture.
func (c Content) Rows(width, rows int, m cells.Method) []Line {
	switch {
	case c.Hex:
		return append(c.Lines, Hex(c.Text, width, rows-len(c.Lines))...)
	case c.Text != nil:
		return append(c.Lines, Text(c.Text, Layout{Width: width, Wrap: true, Method: m, Code: c.Code}, rows-len(c.Lines))...)
	}
	return c.Lines
}

// warn puts a sentence above what is shown.
func (c *Content) warn(t cells.Text) { c.Lines = append(c.Lines, say(t, Dim)) }

// whole returns all of a file, if it is not more than most.
func whole(s Subject, most int64) (io.Reader, bool) {
	if s.Size <= int64(len(s.Head)) {
		return bytes.NewReader(s.Head), true
	}
	if s.Size > most {
		return nil, false
	}
	return io.NewSectionReader(s.All, 0, s.Size), true
}

// SizeText writes bytes in a few letters.
func SizeText(n int64) cells.Text {
	if n < 1024 {
		return cells.Sayf("%dB", n)
	}
	v := float64(n)
	for _, unit := range "KMGTPE" {
		if v /= 1024; v < 999.5 {
			return cells.Sayf("%.1f%c", v, unit)
		}
	}
	return cells.Say("huge")
}
