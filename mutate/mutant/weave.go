package mutant

import (
	"bytes"
	"fmt"
	"slices"
)

// The environment variables that a woven binary reads: the ID of the check
// that is removed, and the file that it appends the IDs to that it comes by.
const (
	envRemoved = "MUTANT_REMOVED"
	envSeen    = "MUTANT_SEEN"
)

// switches is the source that is added to a woven package.
const switches = `package %s

import (
	"fmt"
	"os"
	"strconv"
	"sync"
)

var (
	mutantRemoved, _ = strconv.Atoi(os.Getenv("` + envRemoved + `"))
	mutantFile       = os.Getenv("` + envSeen + `")
	mutantMutex      sync.Mutex
	mutantSeen       = map[int]bool{}
)

func mutantKeeps(id int) bool {
	if mutantFile != "" {
		mutantMutex.Lock()
		defer mutantMutex.Unlock()
		if !mutantSeen[id] {
			mutantSeen[id] = true
			f, err := os.OpenFile(mutantFile, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
			if err != nil {
				panic(err)
			}
			fmt.Fprintln(f, id)
			f.Close()
		}
	}
	return id != mutantRemoved
}
`

// insertion is text that goes in before an offset. Where several go in at the
// same place, the one with the lower rank comes first.
type insertion struct {
	at, rank int
	text     string
}

// weave gives every check of a file its switch.
func weave(s source) []byte {
	var all []insertion
	for _, c := range s.checks {
		open := fmt.Sprintf("(mutantKeeps(%d) && (", c.ID)
		if c.accepts {
			open = fmt.Sprintf("(!mutantKeeps(%d) || (", c.ID)
		}
		// Of conditions within each other the longer one opens first and
		// closes last; what closes comes before what opens.
		all = append(all,
			insertion{at: c.from, rank: 1<<30 - c.to, text: open},
			insertion{at: c.to, rank: -c.from - 1<<30, text: "))"})
	}
	slices.SortStableFunc(all, func(a, b insertion) int {
		if a.at != b.at {
			return a.at - b.at
		}
		return a.rank - b.rank
	})
	var out bytes.Buffer
	done := 0
	for _, in := range all {
		out.Write(s.text[done:in.at])
		out.WriteString(in.text)
		done = in.at
	}
	out.Write(s.text[done:])
	return out.Bytes()
}
