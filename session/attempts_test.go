package session

import (
	"context"
	"errors"
	"io"
	"time"
)

// secret is the content of what is out of a peer's reach.
const secret = "not for peers"

var errSecretRead = errors.New("the secret was read")

// attempts are all that a peer can do with a path; each returns the error.
var attempts = map[string]func(ctx context.Context, tree Tree, p Path) error{
	"List": func(ctx context.Context, tree Tree, p Path) error {
		for _, err := range tree.List(ctx, p) {
			if err != nil {
				return err
			}
		}
		return nil
	},
	"Open": func(ctx context.Context, tree Tree, p Path) error {
		f, err := tree.Open(ctx, p)
		if err != nil {
			return err
		}
		defer f.Close()
		b, err := io.ReadAll(f)
		if string(b) == secret {
			return errSecretRead
		}
		return err
	},
	"Hash": func(ctx context.Context, tree Tree, p Path) error {
		_, err := tree.Hash(ctx, p, BLAKE3)
		return err
	},
	"Mkdir": func(ctx context.Context, tree Tree, p Path) error { return tree.Mkdir(ctx, p, false) },
	"MkdirBelow": func(ctx context.Context, tree Tree, p Path) error {
		return tree.Mkdir(ctx, p.Append(Path{"x/y"}), true)
	},
	"StatBelow": func(ctx context.Context, tree Tree, p Path) error {
		_, err := tree.Stat(ctx, p.Append(Path{"secret"}))
		return err
	},
	"OpenBelow": func(ctx context.Context, tree Tree, p Path) error {
		_, err := tree.Open(ctx, p.Append(Path{"secret"}))
		return err
	},
	"TouchBelow": func(ctx context.Context, tree Tree, p Path) error {
		return tree.Touch(ctx, p.Append(Path{"secret"}), time.Now(), false)
	},
	"RemoveBelow": func(ctx context.Context, tree Tree, p Path) error {
		return tree.Remove(ctx, p.Append(Path{"secret"}), true)
	},
	"RenameOut": func(ctx context.Context, tree Tree, p Path) error {
		return tree.Rename(ctx, Path{"real/file"}, p.Append(Path{"stolen"}))
	},
	"RenameIn": func(ctx context.Context, tree Tree, p Path) error {
		return tree.Rename(ctx, p.Append(Path{"secret"}), Path{"stolen"})
	},
	"Names": func(ctx context.Context, tree Tree, p Path) error { return lastOf(tree.Names(ctx, p)) },
	"StatAll": func(ctx context.Context, tree Tree, p Path) error {
		all, err := tree.StatAll(ctx, p, []string{"secret"})
		return errors.Join(err, notSecret(all...))
	},
	"Watch": func(ctx context.Context, tree Tree, p Path) error {
		for _, err := range tree.Watch(ctx, p) {
			return err // the first word: whether it stands
		}
		return nil
	},
	"Find": func(ctx context.Context, tree Tree, p Path) error {
		for f, err := range tree.Find(ctx, p, Query{Pattern: "secret"}) {
			if err := errors.Join(err, notSecret(f.Entry)); err != nil {
				return err
			}
		}
		return nil
	},
	"MeasureBelow": func(ctx context.Context, tree Tree, p Path) error {
		for m, err := range tree.Measure(ctx, p.Append(Path{"secret"})) {
			if err := errors.Join(err, notSecret(Entry{Size: m.Bytes})); err != nil {
				return err
			}
		}
		return nil
	},
	"Chmod": func(ctx context.Context, tree Tree, p Path) error { return tree.Chmod(ctx, p, 0o700) },
	"ChmodBelow": func(ctx context.Context, tree Tree, p Path) error {
		return tree.Chmod(ctx, p.Append(Path{"secret"}), 0o600)
	},
	"Symlink": func(ctx context.Context, tree Tree, p Path) error { return tree.Symlink(ctx, "to", p) },
	"SymlinkBelow": func(ctx context.Context, tree Tree, p Path) error {
		return tree.Symlink(ctx, "to", p.Append(Path{"link"}))
	},
}

// notSecret returns errSecretRead if one of the entries is that of the secret.
func notSecret(entries ...Entry) error {
	for _, e := range entries {
		if e.Size == int64(len(secret)) {
			return errSecretRead
		}
	}
	return nil
}
