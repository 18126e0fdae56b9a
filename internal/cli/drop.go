package cli

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/spf13/cobra"

	"github.com/bargee/bargee/internal/drop"
	"github.com/bargee/bargee/session"
	"github.com/bargee/bargee/transport"
)

const dropLong = `A drop is what bargee send --store left at a relay, sealed, for somebody who is not there now. What it
takes to read and to remove it is kept here, in files that nobody else can read.`

func newDrop(a *app) *cobra.Command {
	cmd := &cobra.Command{
		Use: "drop", Short: "List and remove what a relay keeps for us", Long: dropLong, Args: onlySubcommands,
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(newDropList(a), newDropRm(a))
	return cmd
}

const dropRmLong = `Remove drops from their relay, and what is kept of them here. Nobody can receive them any more; who is
at it has what came so far, and no file that is not whole. IDs are those of bargee drop list; their
first digits do.`

func newDropRm(a *app) *cobra.Command {
	return &cobra.Command{
		Use: "rm ID...", Aliases: []string{"revoke"}, Short: "Remove drops, so that nobody can take them any more",
		Long: dropRmLong, Example: "  bargee drop rm 5f3a09c1", Args: atLeast(1, "the ID"),
		RunE: func(cmd *cobra.Command, args []string) error { return a.removeDrops(cmd.Context(), args) },
	}
}

func (a *app) removeDrops(ctx context.Context, words []string) error {
	h, err := a.home()
	if err != nil {
		return err
	}
	all, err := h.receipts()
	if err != nil {
		return err
	}
	keepers := a.keepers()
	defer keepers.close()
	c := &chain{app: a, alone: len(words) == 1}
	for _, word := range words {
		c.count(a.removeDrop(ctx, h, keepers, all, word))
	}
	return c.end()
}

func (a *app) removeDrop(ctx context.Context, h home, keepers *keepers, all []receipt, word string) error {
	r, err := receiptOf(all, strings.ToLower(word))
	if err != nil {
		return &problem{what: "remove", where: session.Display(word), err: err, hint: "bargee drop list shows them"}
	}
	k, err := keepers.of(r.Relay, r.RelayKey)
	if err != nil {
		return err
	}
	id, _ := drop.ParseID(r.ID) // checked, as the next
	owner, _ := session.ParseDropOwner(r.Owner)
	err = k.Remove(ctx, id, owner)
	gone := errors.Is(err, session.NotFound)
	if err != nil && !gone {
		return k.problem("remove a drop from", err)
	}
	if err := os.Remove(h.receiptFile(r.ID)); err != nil {
		return &problem{what: "remove", where: h.receiptFile(r.ID), err: err}
	}
	was := "removed"
	if gone {
		was = "no longer on the relay"
	}
	if a.json {
		a.event(removedDropEvent{"removed", r.ID, r.Relay, gone})
		return nil
	}
	a.say("%s: %s", r.ID, was)
	return nil
}

type removedDropEvent struct {
	Event string `json:"event"`
	ID    string `json:"id"`
	Relay string `json:"relay"`
	Gone  bool   `json:"gone,omitempty"` // it was no longer there
}

// keepers are the relays that a command asks, each linked to once.
type keepers struct {
	*app

	mu   sync.Mutex
	open map[string]*keeper
	lost map[string]error // why one was not reached
}

func (a *app) keepers() *keepers {
	return &keepers{app: a, open: map[string]*keeper{}, lost: map[string]error{}}
}

// lose notes that a relay was not reached, so that it is not asked any more.
func (ks *keepers) lose(address string, why error) {
	ks.mu.Lock()
	defer ks.mu.Unlock()
	ks.lost[address] = why
}

func (ks *keepers) isLost(address string) error {
	ks.mu.Lock()
	defer ks.mu.Unlock()
	return ks.lost[address]
}

// askedAtOnce is how many drops a relay is asked about at a time.
const askedAtOnce = 8

// sideBySide calls f with 0 to n-1, askedAtOnce at a time.
func sideBySide(n int, f func(i int)) {
	var next atomic.Int64
	var all sync.WaitGroup
	for range min(n, askedAtOnce) {
		all.Go(func() {
			for i := int(next.Add(1)) - 1; i < n; i = int(next.Add(1)) - 1 {
				f(i)
			}
		})
	}
	all.Wait()
}

// of returns the relay at an address: with what we have of it, and its key.
func (ks *keepers) of(address string, key transport.Fingerprint) (*keeper, error) {
	if err := ks.isLost(address); err != nil {
		return nil, err
	}
	r, ok, err := ks.relayAt(address)
	if err != nil {
		return nil, err
	}
	if !ok {
		r = transport.RelayRemote{Address: address}
	}
	if !key.IsZero() {
		r.Key = key
	}
	return ks.at(r)
}

// at returns the relay r.
func (ks *keepers) at(r transport.RelayRemote) (*keeper, error) {
	ks.mu.Lock()
	defer ks.mu.Unlock()
	if k := ks.open[r.Address]; k != nil {
		return k, nil
	}
	k, err := ks.keeperAt(r)
	if err == nil {
		ks.open[r.Address] = k
	}
	return k, err
}

func (ks *keepers) close() {
	for _, k := range ks.open {
		k.close()
	}
}

// namesOf are names for people, the first few.
func namesOf(all []string) string {
	var shown []string
	for _, name := range all[:min(len(all), maxNamed)] {
		shown = append(shown, session.Display(name))
	}
	if n := len(all) - len(shown); n > 0 {
		shown = append(shown, fmt.Sprintf("and %d more", n))
	}
	return strings.Join(shown, ", ")
}

// tagged tells whether a drop has all the tags that are looked for.
func tagged(has, wanted []string) bool {
	return !slices.ContainsFunc(wanted, func(tag string) bool { return !slices.Contains(has, tag) })
}
