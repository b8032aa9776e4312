package audit

import (
	"context"
	"errors"

	"mfaserver/internal/breather"
)

// scope bounds what is read of a trail.
type scope struct {
	// after and before bound the sequence, both exclusive; before 0 means no
	// bound. They choose files; single lines are up to the caller.
	after, before uint64
	// file and offset are where after is, where that is known.
	file   uint64
	offset int64
}

// in reports whether segment i may hold records of the scope.
func (s *scope) in(all []segment, i int) bool {
	if s.before != 0 && all[i].first >= s.before {
		return false
	}
	return i+1 == len(all) || all[i+1].first == 0 || all[i+1].first > s.after+1
}

// start is where in the segment the scope begins.
func (s *scope) start(at *segment) int64 {
	if s.file != 0 && s.file == at.first {
		return s.offset
	}
	return 0
}

// scan calls do with every line of the files in scope, until it returns false.
func scan(ctx context.Context, path string, in scope, do func(s *segment, offset int64, line []byte) bool) error {
	all, err := segments(path, nil)
	if err != nil {
		return err
	}
	defer func() { _ = closeAll(all) }()
	goOn := true
	var air breather.Breather
	for i := 0; i < len(all) && goOn; i++ {
		if !in.in(all, i) {
			continue
		}
		err := all[i].read(ctx, in.start(&all[i]), func(offset int64, line []byte) bool {
			air.Breathe()
			goOn = do(&all[i], offset, line)
			return goOn
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// read calls do with every line of the segment from the offset on.
func (s *segment) read(ctx context.Context, offset int64, do func(offset int64, line []byte) bool) error {
	f, err := s.open()
	if err != nil {
		return err
	}
	return errors.Join(eachLine(ctx, f, offset, do), f.Close())
}
