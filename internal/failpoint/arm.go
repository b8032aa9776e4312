package failpoint

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
)

// Action is what happens at an armed point.
type Action string

// The actions.
const (
	Kill Action = "kill"
	Stop Action = "stop"
)

// Arm is one armed point: the At-th time it is reached, Action happens.
type Arm struct {
	Point  Point
	Action Action
	At     int
}

// String is the form that [Parse] reads.
func (a Arm) String() string { return fmt.Sprintf("%s=%s@%d", a.Point, a.Action, a.At) }

// ErrArm means that the variable holds something that cannot be meant.
var ErrArm = errors.New("failpoint: " + Variable + " cannot be understood")

// Parse reads the value of [Variable]; empty arms nothing. [ErrArm].
func Parse(value string) ([]Arm, error) {
	if value == "" {
		return nil, nil
	}
	var all []Arm
	for part := range strings.SplitSeq(value, ",") {
		a, err := parseOne(part)
		if err != nil {
			return nil, fmt.Errorf("%w: %q", ErrArm, part)
		}
		all = append(all, a)
	}
	return all, nil
}

func parseOne(part string) (Arm, error) {
	name, rest, found := strings.Cut(part, "=")
	action, at, counted := strings.Cut(rest, "@")
	a := Arm{Point: Point(name), Action: Action(action), At: 1}
	if !found || !Known(a.Point) || a.Action != Kill && a.Action != Stop {
		return a, ErrArm
	}
	if !counted {
		return a, nil
	}
	n, err := strconv.Atoi(at)
	if err != nil || n < 1 {
		return a, ErrArm
	}
	a.At = n
	return a, nil
}
