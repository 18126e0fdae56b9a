package session

import (
	"context"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/bargee/bargee/internal/drop"
	"github.com/bargee/bargee/internal/filelock"
)

// Collect copies all of d to a directory, as Copy does, and tells the depot that it
// was taken when all of it is there. Where downloads are counted, it is one, however
// often it is called until it has succeeded, in this process or a later one with the
// same State.
//
// A drop that a signer numbered is refused with Integrity where that number was
// another drop's, or is older than all that State remembers of the signer.
func Collect(ctx context.Context, d *Drop, to Location, o CopyOptions) (Transfer, error) {
	if err := d.sight(false); err != nil {
		return Transfer{}, err
	}
	t, err := Copy(ctx, At(d, Path{}), to, o)
	if err != nil {
		return t, err
	}
	return t, d.Finish(ctx)
}

// Finish says that d was taken: to the depot, so that one whose last download it was
// can go, and to State. It is what Collect does at its end, for who copies by itself. A
// depot that does not hear of it waits for the claim's time.
func (d *Drop) Finish(ctx context.Context) error {
	d.mu.Lock()
	claimed := d.claimed
	d.claimed = false
	d.mu.Unlock()
	if claimed {
		_ = d.cfg.Depot.Taken(ctx, d.keys.ID, d.claim)
	}
	if d.cfg.State != "" {
		d.values.remove()
		os.Remove(d.claimFile())
	}
	return d.sight(true)
}

// taking makes the download count, before its first byte, where they are counted.
func (d *Drop) taking(ctx context.Context) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.claimed || d.state.Downloads < 0 {
		return nil
	}
	if d.claim == (DropClaim{}) {
		d.claim = NewDropClaim()
		if d.cfg.State != "" {
			if err := writeFirm(d.claimFile(), []byte(d.claim.String())); err != nil {
				return about(Path{}, err)
			}
		}
	}
	err := persist(ctx, d.cfg.GiveUp, func() error {
		_, err := d.cfg.Depot.Take(ctx, d.keys.ID, d.claim)
		return err
	})
	d.claimed = err == nil
	return err
}

func (d *Drop) claimFile() string { return filepath.Join(d.cfg.State, d.keys.ID.String()+".claim") }

// rememberedClaim is that of an earlier run, or zero.
func (d *Drop) rememberedClaim() (c DropClaim) {
	if d.cfg.State == "" {
		return c
	}
	b, err := os.ReadFile(d.claimFile())
	if err != nil || len(b) != hex.EncodedLen(len(c)) {
		return c
	}
	if _, err := hex.Decode(c[:], b); err != nil {
		return DropClaim{}
	}
	return c
}

// sight holds the signer's number against those that were taken, and notes it with
// note.
func (d *Drop) sight(note bool) error {
	if d.signature == nil || d.header.Sequence == 0 || d.cfg.State == "" {
		return nil
	}
	if err := os.MkdirAll(d.cfg.State, 0o700); err != nil {
		return about(Path{}, err)
	}
	lock, err := os.OpenFile(filepath.Join(d.cfg.State, "seen.lock"), os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return about(Path{}, err)
	}
	defer lock.Close()
	if err := filelock.Lock(lock); err != nil {
		return about(Path{}, err)
	}
	all := map[string]*drop.Seen{}
	name := filepath.Join(d.cfg.State, "seen.json")
	switch b, err := os.ReadFile(name); {
	case errors.Is(err, fs.ErrNotExist):
	case err != nil:
		return about(Path{}, err)
	case json.Unmarshal(b, &all) != nil:
		return newError(Internal, Path{}, "%s is damaged: move it away, and old drops may be shown as new ones", Display(name))
	}
	who := hex.EncodeToString(d.signature.Key)
	if all[who] == nil {
		all[who] = &drop.Seen{}
	}
	if again, err := all[who].Take(d.header.Sequence, d.keys.ID); err != nil || again || !note {
		return dropError(err)
	}
	b, err := json.Marshal(all)
	if err == nil {
		err = writeFirm(name, b)
	}
	if err != nil {
		return about(Path{}, err)
	}
	return nil
}

// writeFirm writes a file of state, for its owner only, whole or not at all, and on the
// disk when it returns. It makes the directory.
func writeFirm(name string, b []byte) error {
	dir := filepath.Dir(name)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	f, err := os.CreateTemp(dir, ".new-*") // 0600
	if err != nil {
		return err
	}
	_, err = f.Write(b)
	err = errors.Join(err, f.Sync(), f.Close())
	if err == nil {
		err = os.Rename(f.Name(), name)
	}
	if err != nil {
		os.Remove(f.Name())
		return err
	}
	if d, err := os.Open(dir); err == nil { // the name, too; where a directory can be synced
		_ = d.Sync()
		d.Close()
	}
	return nil
}

// dropStateTTL is how long it is remembered how far a drop was stored or taken that
// nobody goes on with.
const dropStateTTL = 100 * 24 * time.Hour

// sweepDropState removes from a State what is too old to be gone on with. Which drops
// were taken stays.
func sweepDropState(dir string, now time.Time) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return
	}
	for _, e := range entries {
		switch filepath.Ext(e.Name()) {
		case ".deposit", ".chunks", ".claim", ".values":
			if fi, err := e.Info(); err == nil && now.Sub(fi.ModTime()) > dropStateTTL {
				os.Remove(filepath.Join(dir, e.Name()))
			}
		}
	}
}
