'''The API's shared half: strict input, one shape of error, scoped rows, commands that may be repeated safely.

An app's API is declarations. One class serves one method of one URL; a URL with several joins them::

    # screening/api/serializers.py
    class EpisodeIn(InSerializer):
        opened_at = AwareDateTimeField()
        note = CleanCharField(multiline=True, max_length=2000, required=False, default="")

    class EpisodeOut(OutSerializer):
        id = serializers.UUIDField()
        participant = serializers.CharField(source="participant.code")
        status = serializers.ChoiceField(choices=EpisodeStatus)
        opened_at = serializers.DateTimeField()
        version = serializers.IntegerField()

    # screening/api/views.py
    class EpisodeList(ScopedList):
        """List the screening episodes of one participant."""

        required_permission = Permission.VIEW_PARTICIPANT
        model = ScreeningEpisode
        parent = Parent(Participant, "participant", {"code": "code"})
        order = ("opened_at", "id")
        filterset_class = EpisodeFilter
        gives = EpisodeOut
        from_columns = True           # plain fields only: no records are built

    class OpenEpisode(CommandView):
        """Open a screening episode."""

        required_permission = Permission.RECORD_SCREENING
        model = Participant           # the record in the URL: target of run()
        takes, gives, creates = EpisodeIn, EpisodeOut, True

        def run(self, target, given, *, by, at):
            return open_episode(participant=target, by=by, at=at, **given)

    class EpisodeDetail(ScopedDetail):
        """Read one screening episode."""

        required_permission = Permission.VIEW_PARTICIPANT
        model = ScreeningEpisode
        lookup = {"code": "participant__code", "episode_id": "id"}   # URL argument -> field path
        gives = EpisodeOut

        def narrow(self, rows):
            return rows.select_related("participant")

    # screening/api/urls.py
    urlpatterns = [
        path("participants/<str:code>/episodes/", by_method(get=EpisodeList, post=OpenEpisode)),
        path("participants/<str:code>/episodes/<uuid:episode_id>/", by_method(get=EpisodeDetail, patch=EditEpisode)),
    ]

`EditEpisode` is an `EditView`: like a command, but PATCH, with `If-Match` instead of `Idempotency-Key`, all
fields of `takes` optional, and `given` holding only what was sent.

Who answers what: `takes` refuses malformed input (400, fields named), `visible_to` decides what exists (404),
the permission at the record's site decides who may (403), the service decides what is allowed now (409, 422).
A view never catches a DomainError and never opens a transaction. `model = None` on a command means the URL
names no record, as when a participant is referred; the service checks the site it is given.

Where things are: `views` (ApiView, ScopedList, ScopedDetail, Parent), `commands` (CommandView, EditView),
`routing` (by_method), `serializers` (InSerializer, OutSerializer), `fields`, `pagination`, `parsers`,
`problems`, `idempotency` (purge_expired, for the nightly task), `preconditions`, `authentication`, `schema`,
`urls`.
'''
