from tests.factories.journeys import make_ward, START_AT
def test_first(new_desk, desk_of, site_clock):
    ward = make_ward()
    d = desk_of(ward.coordinator)
    d.page.wait_for_load_state("networkidle")
    d.page.screenshot(path="/tmp/shots/home.png")
    d.page.get_by_role("link", name="Refer a participant").first.click()
    d.page.wait_for_load_state("networkidle")
    d.page.screenshot(path="/tmp/shots/refer.png", full_page=True)
    print(d.page.locator("form#step-form").inner_text())
