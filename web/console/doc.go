// Package console is the pages for administrators, below [Base]. Its frame
// decides who may see them, when Duo is asked again, and how forms are read;
// the pages show what the rooms behind have, and do through them what their
// policy allows.
//
// Who is not in the networks for administrators, or is signed in without the
// role, finds nothing here, exactly as on a path that does not exist. Everybody
// else needs the portal's session, a session of the console that a second
// factor was given for, and the administrator's role now.
package console
