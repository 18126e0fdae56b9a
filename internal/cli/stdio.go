package cli

import (
	"context"
	"errors"
	"io"
	"os"
	"slices"
)

// Standard input and output as an end of cp, written "-".

// toStandardOutput copies the files args to standard output.
func (o *cpOptions) toStandardOutput(ctx context.Context, args []string) error {
	if o.json {
		return usage("would stand between the file's bytes", "").about("--json", "with -")
	}
	return o.each(ctx, "copy", args, &o.reachFlags, o.cat)
}

// fromStandardInput takes standard input into a temporary file, which is the
// source then: what is to be resumed and verified has to be there twice.
// done removes it.
func (o *cpOptions) fromStandardInput(ctx context.Context) (done func(), err error) {
	wrong := func(err error) (func(), error) {
		return nil, &problem{what: "take in", where: "standard input", err: err}
	}
	f, err := os.CreateTemp("", "bargee-stdin-")
	if err != nil {
		return wrong(err)
	}
	done = func() { os.Remove(f.Name()) }
	copied := make(chan error, 1)
	go func() {
		_, err := io.Copy(f, o.stdin)
		copied <- errors.Join(err, f.Close())
	}()
	select {
	case err = <-copied:
	case <-ctx.Done():
		err = context.Cause(ctx)
	}
	if err != nil {
		done()
		return wrong(err)
	}
	o.sources = []target{{path: f.Name()}}
	o.nameless = true
	o.preserve = slices.DeleteFunc(o.preserve, func(s string) bool { return s == "mode" || s == "times" })
	return done, nil
}
