package tui

import (
	"github.com/bargee/bargee/session"
	"github.com/bargee/bargee/tui/cells"
)

func (d *entryDetails) title() cells.Text {
	if n := len(d.items); n > 1 {
		return countText(int64(n), cells.Say("item"))
	}
	if d.items[0].Name == "" {
		return cells.Shown(d.at.Dir.String())
	}
	return cells.Name(d.items[0].Name)
}

// rows lists what is known.
func (d *entryDetails) rows(c canvas) []detail {
	var out []detail
	add := func(label, value cells.Text) {
		if !value.Empty() {
			out = append(out, detail{label, value, c.plain})
		}
	}
	if len(d.items) == 1 {
		d.rowsOfOne(c, add)
	} else {
		add(cells.Say("items"), d.kinds())
	}
	in := cells.Shown(d.at.Dir.String())
	if d.at.Place != session.Here {
		in = placeName(d.place()).Plus(cells.Say(":"), in)
	}
	add(cells.Say("in"), in)
	if d.count {
		add(cells.Say("contains"), d.contains(c))
		add(cells.Say("size"), bytesText(d.sum.Bytes).Plus(d.soFar(c)))
	} else if len(d.items) > 1 {
		add(cells.Say("size"), bytesText(d.sum.Bytes))
	}
	if d.sum.Failed > 0 {
		out = append(out, detail{cells.Say("not read"), countText(d.sum.Failed, cells.Say("directory below")), c.ask})
	}
	for _, err := range []error{d.err, d.stopped} {
		if err != nil {
			out = append(out, detail{cells.Say("error"), sentenceOf(err), c.fail})
		}
	}
	for i, name := range []cells.Text{cells.Say("BLAKE3"), cells.Say("SHA-256")} {
		switch h := d.hashes[i]; {
		case h.err != nil:
			out = append(out, detail{name, sentenceOf(h.err), c.fail})
		case h.hex != "":
			add(name, cells.Shown(h.hex))
		case h.asked:
			out = append(out, detail{name, cells.Say("computing").Plus(c.signs.more), c.ask})
		}
	}
	return out
}

// rowsOfOne are about a single item.
func (d *entryDetails) rowsOfOne(c canvas, add func(label, value cells.Text)) {
	e := d.items[0]
	if d.known {
		e = d.whole
	}
	shown := cells.Name(d.items[0].Name)
	add(cells.Say("name"), shown)
	if raw := d.items[0].Name; shown.String() != raw {
		add(cells.Say("bytes"), cells.Sayf("%s", quoted(raw)))
	}
	add(cells.Say("kind"), kindText(e.Kind))
	add(cells.Say("leads to"), cells.Name(e.Target))
	add(cells.Say("type"), cells.Shown(d.kind))
	if e.Kind == session.RegularFile && d.known {
		add(cells.Say("size"), bytesText(e.Size))
	}
	if !d.known && d.err == nil {
		why := cells.Say("reading")
		if d.place().State == session.PlaceReconnecting {
			why = cells.Say("waiting for the connection")
		}
		add(cells.Say("now"), why.Plus(c.signs.more))
		return
	}
	add(cells.Say("mode"), cells.Sayf("%s  %03o", kindLetter(e.Kind).Plus(cells.Shown(e.Mode.Perm().String()[1:])), int(e.Mode.Perm())))
	if !e.Modified.IsZero() {
		at := e.Modified.In(c.now.Location())
		add(cells.Say("modified"), cells.Shown(at.Format("Mon 2 Jan 2006 15:04:05.999999999 -0700")))
	}
}

// kinds says of what kinds several items are.
func (d *entryDetails) kinds() cells.Text {
	var n [session.Gone + 1]int64
	for _, e := range d.items {
		n[min(e.Kind, session.Gone)]++
	}
	var t cells.Text
	for k, noun := range []cells.Text{cells.Say("file"), cells.Say("directory"), cells.Say("link"), cells.Say("special file")} {
		if n[k] == 0 {
			continue
		}
		if !t.Empty() {
			t = t.Plus(cells.Say(", "))
		}
		if k == int(session.Directory) && n[k] > 1 {
			t = t.Plus(groupText(n[k]), cells.Say(" directories"))
		} else {
			t = t.Plus(countText(n[k], noun))
		}
	}
	return t
}

// contains says what lies in the directories.
func (d *entryDetails) contains(c canvas) cells.Text {
	dirs := countText(d.sum.Dirs, cells.Say("directory"))
	if d.sum.Dirs != 1 {
		dirs = groupText(d.sum.Dirs).Plus(cells.Say(" directories"))
	}
	return countText(d.sum.Files, cells.Say("file")).Plus(cells.Say(", "), dirs, d.soFar(c))
}

// soFar marks a count that goes on.
func (d *entryDetails) soFar(c canvas) cells.Text {
	if d.sum.Done || d.stopped != nil {
		return cells.Text{}
	}
	if d.place().State == session.PlaceReconnecting {
		return cells.Say(" so far, waiting for the connection").Plus(c.signs.more)
	}
	return cells.Say(" so far").Plus(c.signs.more)
}

// bytesText writes a size exactly, and for people.
func bytesText(n int64) cells.Text {
	t := countText(n, cells.Say("byte"))
	if n < 1024 {
		return t
	}
	return t.Plus(cells.Sayf("  (%s)", sizeText(n)))
}

func kindText(k session.EntryKind) cells.Text {
	switch k {
	case session.RegularFile:
		return cells.Say("file")
	case session.Directory:
		return cells.Say("directory")
	case session.Link:
		return cells.Say("symbolic link")
	}
	return cells.Say("special file")
}

// quoted writes every byte that is no printable ASCII as an escape.
func quoted(raw string) string {
	const digits = "0123456789abcdef"
	out := make([]byte, 0, len(raw)*2)
	for i := range len(raw) {
		if c := raw[i]; c >= ' ' && c < 0x7f && c != '\\' {
			out = append(out, c)
		} else {
			out = append(out, '\\', 'x', digits[c>>4], digits[c&15])
		}
	}
	return string(out)
}
