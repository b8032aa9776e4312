package mirth

import (
	"cmp"
	"errors"
	"fmt"
	"strconv"
	"strings"
)

// OldestSafe is the first version of the engine without a way to run code
// before the login (CVE-2023-43208). A gateway lets nothing through before the
// login, but an engine that others on its network reach too is open to them.
const OldestSafe = "4.4.1"

// ErrVersion means that a text is not the version of an engine.
var ErrVersion = errors.New("mirth: not an engine's version")

// maxVersion is the longest version, in bytes.
const maxVersion = 64

// CompareVersions says whether a is before (-1), the same as (0) or after (1)
// b: by their numbers, missing ones being 0. What follows the numbers after a
// hyphen or a plus sign does not count. [ErrVersion] when one of them does not
// begin with a number.
func CompareVersions(a, b string) (int, error) {
	x, err := versionNumbers(a)
	if err != nil {
		return 0, err
	}
	y, err := versionNumbers(b)
	if err != nil {
		return 0, err
	}
	for i := range max(len(x), len(y)) {
		if c := cmp.Compare(numberAt(x, i), numberAt(y, i)); c != 0 {
			return c, nil
		}
	}
	return 0, nil
}

func versionNumbers(v string) ([]int, error) {
	numbers := v
	if i := strings.IndexAny(v, "-+"); i >= 0 {
		numbers = v[:i]
	}
	if len(v) > maxVersion {
		return nil, fmt.Errorf("%w: %d bytes", ErrVersion, len(v))
	}
	var out []int
	for part := range strings.SplitSeq(numbers, ".") {
		n, err := strconv.ParseUint(part, 10, 31)
		if err != nil {
			return nil, fmt.Errorf("%w: %q", ErrVersion, v)
		}
		out = append(out, int(n))
	}
	return out, nil
}

func numberAt(numbers []int, i int) int {
	if i < len(numbers) {
		return numbers[i]
	}
	return 0
}
