package redis

import "strconv"

// inSteps calls f with how many records it may look at, until it has looked at
// limit or has found fewer than it might have.
func inSteps(limit int, f func(step int) (looked int, err error)) error {
	for done := 0; done < limit; {
		step := min(sweepChunk, limit-done)
		looked, err := f(step)
		if err != nil {
			return err
		}
		if done += looked; looked < step {
			return nil
		}
	}
	return nil
}

// counted splits the reply of a sweep: how many records it looked at, and what
// it removed.
func counted(reply []string) (looked int, rest []string, err error) {
	if len(reply) == 0 {
		return 0, nil, fault("sweep", errReply)
	}
	looked, err = strconv.Atoi(reply[0])
	if err != nil {
		return 0, nil, fault("sweep", errReply)
	}
	return looked, reply[1:], nil
}
