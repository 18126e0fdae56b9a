package tui

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"charm.land/bubbles/v2/key"
	tea "charm.land/bubbletea/v2"
	"charm.land/lipgloss/v2"
	"github.com/bargee/bargee/session"
	"github.com/bargee/bargee/tui/cells"
)

// A StoreDesk knows what the screen asks before it stores files in a drop box.
type StoreDesk interface {
	// KeepFor reads a span of time, or until when, as the command line does.
	KeepFor(typed string) (time.Duration, error)

	// Receivers are the known peers whom something can be sealed to, by name.
	Receivers() []string
}

// A storeDialog asks how files are stored that are copied into a drop box: what it says
// when it opens is what the command line does by itself.
type storeDialog struct {
	desk      StoreDesk
	job       session.Job
	side      int // the pane they are from
	what      func(canvas) cells.Text
	at        cells.Text // the box
	keep      *input
	downloads *input
	tags      *input
	receivers []string
	to        int // of receivers, from 1; 0: anybody who has the ticket
	field     int
	err       cells.Text
}

// The fields of a storeDialog, from above.
const (
	storeKeep = iota
	storeDownloads
	storeTo
	storeTags
	storeFields
)

// usualKeep is how long files are kept if nobody says otherwise.
const usualKeep = "7d"

// askStore asks how to store what was chosen.
func (a *App) askStore(job session.Job, chosen []session.Entry, side int) {
	name := cells.Name(chosen[0].Name)
	d := &storeDialog{
		desk: a.opts.Store, job: job, side: side, at: placeName(a.place(job.To)),
		keep: newInput(usualKeep), downloads: newInput(""), tags: newInput(""), receivers: a.opts.Store.Receivers(),
	}
	d.downloads.Placeholder, d.tags.Placeholder = "any number", "none"
	d.what = func(c canvas) cells.Text {
		what := name.Squeeze(c.Method, 40)
		if len(chosen) > 1 {
			what = countText(int64(len(chosen)), cells.Say("item"))
		}
		return cells.Sayf("%s, %s", what, a.countedText(c))
	}
	slices.Sort(d.receivers)
	d.moveTo(storeKeep)
	a.push(d)
}

func (d *storeDialog) moveTo(field int) {
	d.field = (field + storeFields) % storeFields
	for i, in := range d.inputs() {
		in.Blur()
		if i == d.field {
			in.Focus()
		}
	}
}

// inputs are the lines of text, by their fields.
func (d *storeDialog) inputs() map[int]*input {
	return map[int]*input{storeKeep: d.keep, storeDownloads: d.downloads, storeTags: d.tags}
}

func (d *storeDialog) handleKey(k tea.KeyPressMsg) (do action, over bool) {
	if key.Matches(k, giveUp) {
		return stopCounting{}, true
	}
	switch name := k.String(); {
	case name == "tab" || name == "down":
		d.moveTo(d.field + 1)
	case name == "shift+tab" || name == "up":
		d.moveTo(d.field - 1)
	case name == "enter":
		if d.err = d.read(); !d.err.Empty() {
			return nil, false
		}
		return submit{d.job, d.side}, true
	case d.field == storeTo && (name == "right" || name == "space" || name == "l"):
		d.to = (d.to + 1) % (len(d.receivers) + 1)
	case d.field == storeTo && (name == "left" || name == "h"):
		d.to = (d.to + len(d.receivers)) % (len(d.receivers) + 1)
	default:
		d.typed(k)
	}
	return nil, false
}

func (d *storeDialog) edit(m tea.PasteMsg) action {
	d.typed(m)
	return nil
}

// typed hands a key or pasted text to the line that is focused.
func (d *storeDialog) typed(msg tea.Msg) {
	if in := d.inputs()[d.field]; in != nil {
		in.edit(msg)
		d.err = cells.Text{}
	}
}

// read makes terms of what was typed, and goes to what makes none.
func (d *storeDialog) read() cells.Text {
	var t session.DropTerms
	var err error
	if typed := strings.TrimSpace(d.keep.Value()); typed != "" {
		if t.TTL, err = d.desk.KeepFor(typed); err != nil {
			d.moveTo(storeKeep)
			return cells.Sayf("%s %s", typed, cells.Shown(err.Error()))
		}
	}
	if typed := strings.TrimSpace(d.downloads.Value()); typed != "" {
		if t.Downloads, err = strconv.Atoi(typed); err != nil || t.Downloads < 0 || t.Downloads > session.MaxDropDownloads {
			d.moveTo(storeDownloads)
			return cells.Sayf("%s is not within 0 to %d", typed, session.MaxDropDownloads)
		}
	}
	if d.to > 0 {
		t.To = d.receivers[d.to-1]
	}
	for tag := range strings.SplitSeq(d.tags.Value(), ",") {
		if tag = strings.TrimSpace(tag); tag != "" && !slices.Contains(t.Tags, tag) {
			t.Tags = append(t.Tags, tag)
		}
	}
	if err := t.Check(); err != nil {
		d.moveTo(storeTags)
		return cells.Shown(cause(err))
	}
	d.job.Options.Drop = t
	return cells.Text{}
}

// storeWidth is how wide the dialog is where there is room.
const storeWidth = 68

var storeKeys = []key.Binding{bind("store", "enter"), bind("next field", "tab"), bind("close", "esc")}

func (d *storeDialog) draw(c canvas, screen cells.Rect) {
	r := c.window(screen, storeWidth, storeFields+5, cells.Sayf("Store at %s", d.at), storeKeys)
	roomy := r.H >= storeFields+3
	y := 0
	if r.H > storeFields {
		c.Put(r.Line(0), c.strong, d.what(c).Fit(c.Method, r.W))
		y++
	}
	if roomy {
		y++
	}
	for i, name := range []string{"keep for", "downloads", "for", "tags"} {
		d.drawField(c, r.Line(y), i, name)
		y++
	}
	if y >= r.H {
		return
	}
	text, look := d.hint(c), c.dim
	if !d.err.Empty() {
		text, look = d.err, c.fail
	}
	c.Put(r.Line(r.H-1), look, text.Fit(c.Method, r.W))
}

func (d *storeDialog) drawField(c canvas, line cells.Rect, i int, name string) {
	const label = 11
	look := c.plain
	if i == d.field {
		look = c.active
	}
	c.Put(line, look, cells.Shown(name))
	c.onClick(line, doing(func(*App) tea.Cmd { d.moveTo(i); return nil }))
	rest := cells.Rect{X: line.X + label, Y: line.Y, W: line.W - label, H: 1}
	if in := d.inputs()[i]; in != nil {
		c.Compose(lipgloss.NewLayer(in.view(c, rest.W)).X(rest.X).Y(rest.Y))
		return
	}
	who := cells.Say("anybody who has the ticket")
	if d.to > 0 {
		who = cells.Shown(d.receivers[d.to-1])
	}
	if i == d.field && len(d.receivers) > 0 {
		who = cells.Sayf("< %s >", who)
	}
	c.Put(rest, c.plain, who.Fit(c.Method, rest.W))
}

// hint says what may stand in the field.
func (d *storeDialog) hint(canvas) cells.Text {
	switch d.field {
	case storeKeep:
		return cells.Say("such as 12h, 30d or 2027-01-31; then the relay forgets it")
	case storeDownloads:
		return cells.Say("how many may take it; nothing is any number")
	case storeTo:
		if len(d.receivers) == 0 {
			return cells.Say("no known peer has a key to seal it to")
		}
		return cells.Say("Left and Right: a known peer needs no ticket, nobody else can read it")
	}
	return cells.Say("words to find it by, with commas between them")
}
