package tui

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/bargee/bargee/session"
)

// stubbornTree keeps one of its entries.
type stubbornTree struct {
	session.Tree
	keeps string
	calls chan string
}

func (t stubbornTree) Remove(_ context.Context, p session.Path, _ bool) error {
	t.calls <- p.Base()
	switch p.Base() {
	case t.keeps:
		return &session.Error{Kind: session.Permission, Path: p, Err: errors.New("permission denied")}
	case "gone":
		return &session.Error{Kind: session.NotFound, Path: p, Err: errors.New("no such file")}
	}
	return nil
}

type treeEngine struct {
	Engine
	tree session.Tree
}

func (e treeEngine) Tree(session.PlaceID) (session.Tree, error) { return e.tree, nil }

// What cannot be deleted keeps none of the others from it, and what is gone
// already is as it should be.
func TestRemoval(t *testing.T) {
	tree := stubbornTree{keeps: "kept", calls: make(chan string, 10)}
	r := &removal{remove: remove{entries: []session.Entry{{Name: "a"}, {Name: "kept"}, {Name: "gone"}, {Name: "z"}}}}
	m := r.do(t.Context(), treeEngine{tree: tree})
	close(tree.calls)
	var asked []string
	for name := range tree.calls {
		asked = append(asked, name)
	}
	slices.Sort(asked)
	if got := strings.Join(asked, " "); got != "a gone kept z" {
		t.Errorf("%s were tried", got)
	}
	if m.failed != 1 || r.done.Load() != 3 || session.KindOf(m.err) != session.Permission {
		t.Errorf("%d failed, %d done, %v", m.failed, r.done.Load(), m.err)
	}
}

// One that is stopped deletes nothing more, and says so.
func TestRemovalStops(t *testing.T) {
	tree := stubbornTree{calls: make(chan string, 10)}
	r := &removal{remove: remove{entries: []session.Entry{{Name: "a"}, {Name: "b"}}}}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if m := r.do(ctx, treeEngine{tree: tree}); m.failed != 2 || !errors.Is(m.err, context.Canceled) || len(tree.calls) != 0 {
		t.Errorf("%d failed, %v, %d tried", m.failed, m.err, len(tree.calls))
	}
}
