package duotest_test

import (
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"mfaserver/duoclient/duotest"
)

// handset is somebody at the page of their virtual phone.
type handset struct {
	*app

	link, body string
}

func (a *app) phone(name string) *handset {
	a.t.Helper()
	h := &handset{app: a, link: a.URL + "/sim/phones/" + url.PathEscape(name)}
	h.look()
	return h
}

// visit opens a page of the simulator.
func (a *app) visit(link string) answer {
	a.t.Helper()
	r, err := http.NewRequestWithContext(a.t.Context(), http.MethodGet, link, http.NoBody)
	if err != nil {
		a.t.Fatal(err)
	}
	return a.do(r)
}

// submit sends a form to a page of the simulator.
func (a *app) submit(link string, form url.Values) answer {
	a.t.Helper()
	r, err := http.NewRequestWithContext(a.t.Context(), http.MethodPost, link, strings.NewReader(form.Encode()))
	if err != nil {
		a.t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	return a.do(r)
}

func (h *handset) look() {
	h.t.Helper()
	h.body = h.visit(h.link).body
}

func (h *handset) shows(texts ...string) {
	h.t.Helper()
	for _, text := range texts {
		if !strings.Contains(h.body, text) {
			h.t.Errorf("the phone does not show %q:\n%s", text, h.body)
		}
	}
}

// press answers the first push that waits.
func (h *handset) press(answer, code string) {
	h.t.Helper()
	id := regexp.MustCompile(`name="push" value="([^"]+)"`).FindStringSubmatch(h.body)
	if id == nil {
		h.t.Fatalf("nothing waits:\n%s", h.body)
	}
	got := h.submit(h.link, url.Values{"push": {id[1]}, "answer": {answer}, "code": {code}})
	h.body = got.body
	if got.status == http.StatusSeeOther {
		h.look()
	}
}

func TestVirtualPhone(t *testing.T) {
	t.Parallel()
	a := start(t, ask)
	h := a.phone("test1")
	h.shows("Nothing is waiting", "My iPhone (734-555-0100)", `id="look"`)
	p := push("test1")
	p["async"], p["ipaddr"], p["pushinfo"] = "1", "203.0.113.5", "From=<b>here</b>"
	id := a.auth().post("/auth/v2/auth", p).text("txid")
	list := a.visit(a.URL + "/sim/phones").body
	if !strings.Contains(list, "1 waiting") || !strings.Contains(list, `href="/sim/phones/test1"`) {
		t.Errorf("list = %s", list)
	}
	h.look()
	h.shows("Auth API", "203.0.113.5", "&lt;b&gt;here&lt;/b&gt;", `id="approve"`, `id="deny"`, `id="fraud"`)
	if strings.Contains(h.body, "http-equiv") {
		t.Error("the page goes away while somebody reads it (WCAG 2.2.1)")
	}
	old := h.body
	h.press("deny", "")
	h.shows("Nothing is waiting", "<strong>denied</strong>")
	h.body = old
	h.press("approve", "")
	h.shows("does not wait any more")
	status := params{"txid": id}
	a.auth().get("/auth/v2/auth_status", status).ok()
	if got := a.auth().get("/auth/v2/auth_status", status).text("status_msg"); got != "Login request denied." {
		t.Errorf("status_msg = %q", got)
	}
	if got := a.visit(a.URL + "/sim/phones/nobody"); got.status != http.StatusNotFound {
		t.Errorf("nobody's phone: %d", got.status)
	}
}

// A push of the prompt can be answered on the phone; the prompt learns of it
// with the next thing that the person does there.
func TestVirtualPhoneAnswersPrompt(t *testing.T) {
	t.Parallel()
	a := start(t, ask)
	p := a.open("test1")
	h := a.phone("test1")
	h.shows("Web SDK")
	h.press("deny", "")
	p.press("continue")
	p.shows("Login request denied.")
	p.press("push")
	h.look()
	h.press("approve", "")
	a.wantContext(a.callback(p.press("continue")), "authentication", "duo_push", "user_approved")
	if l := a.Logins(); len(l) != 2 || l[0].Result != "denied" || l[1].Result != "success" {
		t.Errorf("log = %+v", l)
	}
	h.look()
	h.shows("<strong>approved</strong>")
}

func TestPhoneList(t *testing.T) {
	t.Parallel()
	a := start(t)
	a.AddUsers(500, func(i int) duotest.User { return duotest.User{Name: fmt.Sprintf("user/%03d", i)} })
	body := a.visit(a.URL + "/sim/phones").body
	if !strings.Contains(body, "And 301 more") {
		t.Errorf("list = %.2000s", body)
	}
	body = a.visit(a.URL + "/sim/phones?q=R%2F499").body
	if !strings.Contains(body, `href="/sim/phones/user%2F499"`) || strings.Count(body, `class="entry"`) != 1 {
		t.Errorf("found = %.2000s", body)
	}
	a.phone("user/499").shows("Phones of user/499")
	child, err := a.AddAccount(duotest.Child{Name: "Acme"})
	if err != nil {
		t.Fatal(err)
	}
	if body := a.visit(a.URL + "/sim/phones").body; !strings.Contains(body, "https://"+child.APIHost()+"/sim/phones") {
		t.Errorf("no link to the child: %.2000s", body)
	}
}

func TestActivationPage(t *testing.T) {
	t.Parallel()
	a := start(t)
	c := a.admin()
	u := c.newUser("alice")
	phone := c.newPhone(u, "+17345550155")
	got := c.post("/admin/v1/phones/"+phone+"/activation_url", nil).fields()
	link := got["activation_url"].(string)
	if page := a.visit(link); page.status != http.StatusOK || !strings.Contains(page.body, `id="activate"`) {
		t.Errorf("page = %d %s", page.status, page.body)
	}
	if c.get("/admin/v1/phones/"+phone, nil).fields()["activated"] != false {
		t.Error("looking at the page activates")
	}
	if page := a.submit(link, nil); page.status != http.StatusOK || !strings.Contains(page.body, "takes pushes now") {
		t.Errorf("page = %d %s", page.status, page.body)
	}
	if c.get("/admin/v1/phones/"+phone, nil).fields()["activated"] != true {
		t.Error("not activated")
	}
	if page := a.submit(link, nil); page.status != http.StatusGone {
		t.Errorf("second time = %d", page.status)
	}
	if picture := a.visit(got["activation_barcode"].(string)); picture.header.Get("Content-Type") != "image/png" {
		t.Errorf("barcode = %v", picture.header)
	}
}

func TestPortal(t *testing.T) {
	t.Parallel()
	a := start(t)
	link := a.auth().preauth(params{"username": "carol"})["enroll_portal_url"].(string)
	if page := a.visit(link); page.status != http.StatusOK || !strings.Contains(page.body, "carol") {
		t.Errorf("page = %d %s", page.status, page.body)
	}
	u, err := url.Parse(link)
	if err != nil {
		t.Fatal(err)
	}
	if page := a.submit(a.URL+"/portal", url.Values{"code": {u.Query().Get("code")}, "phone_number": {"x"}}); page.status != http.StatusBadRequest {
		t.Errorf("a bad number = %d", page.status)
	}
	form := url.Values{"code": {u.Query().Get("code")}, "phone_number": {"734 555 0188"}}
	if page := a.submit(a.URL+"/portal", form); page.status != http.StatusOK {
		t.Errorf("page = %d %s", page.status, page.body)
	}
	if got := a.auth().preauth(params{"username": "carol"}); got["result"] != "auth" {
		t.Errorf("preauth = %v", got)
	}
	if page := a.visit(link); page.status != http.StatusGone {
		t.Errorf("second time = %d", page.status)
	}
}

func TestSimPagesFromElsewhere(t *testing.T) {
	t.Parallel()
	a := start(t, ask)
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, a.URL+"/sim/phones/test1", strings.NewReader("answer=approve"))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Header.Set("Sec-Fetch-Site", "cross-site")
	resp, err := a.Client().Do(r)
	if err != nil {
		t.Fatal(err)
	}
	_ = resp.Body.Close()
	if resp.StatusCode != http.StatusForbidden {
		t.Errorf("from another site: %s", resp.Status)
	}
}
