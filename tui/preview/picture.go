package preview

import (
	"bufio"
	"bytes"
	"context"
	"image"
	"image/color"
	_ "image/gif"  // the formats that can be shown
	_ "image/jpeg" // likewise
	_ "image/png"  // likewise
	"io"

	"github.com/bargee/bargee/tui/cells"
	"github.com/charmbracelet/x/ansi"
	_ "golang.org/x/image/bmp" // likewise
	"golang.org/x/image/draw"
	_ "golang.org/x/image/tiff" // likewise
	_ "golang.org/x/image/webp" // likewise
)

// A Picture is an image scaled down to what a terminal can show at most.
type Picture struct {
	Width, Height int // of the original
	small         *image.RGBA
}

// maxScaled is the longest side of a picture that is kept: more than a screen
// has half cells.
const maxScaled = 512

// pictureConfig reads what a picture claims to be; format is empty if it is none.
// TIFF has that anywhere in the file, the others at the beginning.
func pictureConfig(ctx context.Context, s Subject) (cfg image.Config, format string) {
	defer func() {
		if recover() != nil {
			format = ""
		}
	}()
	var src io.Reader = bytes.NewReader(s.Head)
	if bytes.HasPrefix(s.Head, []byte("II*\x00")) || bytes.HasPrefix(s.Head, []byte("MM\x00*")) {
		src = io.NewSectionReader(NewWindow(s.scarce(ctx, 1<<20), s.Size), 0, s.Size)
	}
	cfg, format, err := image.DecodeConfig(src)
	if err != nil {
		format = ""
	}
	return cfg, format
}

// readPicture decodes a picture, if what it claims to be is within the limits. It
// tells whether the file is one.
func (c *Content) readPicture(ctx context.Context, s Subject, l Limits) bool {
	cfg, format := pictureConfig(ctx, s)
	if format == "" {
		return false
	}
	c.Kind = cells.Sayf("%s picture, %d x %d", format, cfg.Width, cfg.Height)
	src, ok := whole(s, l.Picture)
	switch {
	case cfg.Width <= 0 || cfg.Height <= 0:
		c.warn(cells.Say("it has no pixels"))
		return true
	case int64(cfg.Width) > l.Pixels || int64(cfg.Height) > l.Pixels || int64(cfg.Width)*int64(cfg.Height) > l.Pixels:
		c.warn(cells.Sayf("more than %d million pixels: not shown", l.Pixels/1e6))
		return true
	case !ok:
		c.warn(cells.Sayf("more than %s: not shown", SizeText(l.Picture)))
		return true
	}
	img, err := decode(ctx, src)
	if err != nil {
		c.warn(cells.Sayf("it cannot be shown: %s", err))
		return true
	}
	b := img.Bounds()
	if int64(b.Dx())*int64(b.Dy()) > l.Pixels { // another frame than was announced
		c.warn(cells.Say("it is not what it claims to be"))
		return true
	}
	w, h := fitInto(cfg.Width, cfg.Height, maxScaled, maxScaled)
	small := image.NewRGBA(image.Rect(0, 0, w, h))
	draw.ApproxBiLinear.Scale(small, small.Bounds(), img, b, draw.Over, nil)
	c.Picture = &Picture{cfg.Width, cfg.Height, small}
	return true
}

// decode reads a picture. A decoder that meets what it does not expect may
// panic: these are files of strangers, and the screen has to go on.
func decode(ctx context.Context, r io.Reader) (img image.Image, err error) {
	defer func() {
		if p := recover(); p != nil {
			err = image.ErrFormat
		}
	}()
	img, _, err = image.Decode(bufio.NewReaderSize(ended{ctx, r}, 64<<10))
	return img, err
}

// ended is a reader that ends with a context.
type ended struct {
	ctx context.Context
	io.Reader
}

func (e ended) Read(b []byte) (int, error) {
	if err := e.ctx.Err(); err != nil {
		return 0, err
	}
	return e.Reader.Read(b)
}

// fitInto returns the largest size of the shape w by h within maxW by maxH that
// is not more than w by h.
func fitInto(w, h, maxW, maxH int) (int, int) {
	if w > maxW {
		w, h = maxW, h*maxW/w
	}
	if h > maxH {
		w, h = w*maxH/h, maxH
	}
	return max(w, 1), max(h, 1)
}

// Depth is how many colours a terminal has.
type Depth uint8

// The depths. Without colour there are no pictures.
const (
	NoColour Depth = iota
	Sixteen
	Many // 256, or all of them: the renderer takes the nearest
)

// A Block is a cell of a picture: two pixels, one above the other.
type Block struct{ Upper, Lower color.Color }

// Blocks draws a picture in at most w by h cells.
func (p *Picture) Blocks(w, h int, d Depth) [][]Block {
	b := p.small.Bounds()
	pw, ph := fitInto(b.Dx(), b.Dy(), w, 2*h)
	if d == NoColour || w < 1 || h < 1 {
		return nil
	}
	img := image.NewRGBA(image.Rect(0, 0, pw, ph+ph%2))
	draw.ApproxBiLinear.Scale(img, image.Rect(0, 0, pw, ph), p.small, b, draw.Over, nil)
	at := func(x, y int) color.Color { return img.RGBAAt(x, y) }
	if d == Sixteen {
		reduced := image.NewPaletted(img.Bounds(), sixteen)
		draw.FloydSteinberg.Draw(reduced, img.Bounds(), img, image.Point{})
		at = func(x, y int) color.Color { return ansi.BasicColor(reduced.ColorIndexAt(x, y)) }
	}
	rows := make([][]Block, (ph+1)/2)
	for y := range rows {
		rows[y] = make([]Block, pw)
		for x := range pw {
			rows[y][x] = Block{at(x, 2*y), at(x, 2*y+1)}
		}
	}
	return rows
}

// sixteen are the terminal's colours as xterm has them; what a theme makes of
// them is nearer to these than to each other.
var sixteen = color.Palette{
	rgb(0, 0, 0), rgb(205, 0, 0), rgb(0, 205, 0), rgb(205, 205, 0), rgb(0, 0, 238), rgb(205, 0, 205), rgb(0, 205, 205), rgb(229, 229, 229),
	rgb(127, 127, 127), rgb(255, 0, 0), rgb(0, 255, 0), rgb(255, 255, 0), rgb(92, 92, 255), rgb(255, 0, 255), rgb(0, 255, 255), rgb(255, 255, 255),
}

func rgb(r, g, b uint8) color.RGBA { return color.RGBA{r, g, b, 255} }
