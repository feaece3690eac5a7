"""Health, session, kept entries and the component page; the people of a site."""

from django.urls import path

from trialsite.web import kept, tokens, users, views

app_name = "web"

urlpatterns = [
    path("healthz", views.healthz, name="healthz"),
    path("readyz", views.readyz, name="readyz"),
    path("favicon.ico", views.favicon, name="favicon"),
    path("language/", views.set_language, name="set-language"),
    path("session/keep/", views.keep_alive, name="keep-alive"),
    path("session/site/", views.choose_site, name="choose-site"),
    path("session/draft-key/", kept.draft_key, name="draft-key"),
    path("session/presence/", kept.presence, name="presence"),
    path("unsent/", kept.unsent, name="unsent"),
    path("offline/", kept.offline, name="offline"),
    path("worker.js", kept.worker, name="worker"),
    path("tokens/", tokens.token_list, name="tokens"),
    path("tokens/issue/", tokens.issue, name="token-issue"),
    path("tokens/<uuid:token_id>/revoke/", tokens.revoke, name="token-revoke"),
    path("components/", views.components, name="components"),
    path("users/", users.user_list, name="users"),
    path("users/add/", users.add_user, name="user-add"),
    path("users/<uuid:user_id>/", users.user_page, name="user"),
    path("users/<uuid:user_id>/roles/", users.grant, name="user-grant"),
    path("users/<uuid:user_id>/roles/<uuid:membership_id>/revoke/", users.revoke, name="user-revoke"),
    path("users/<uuid:user_id>/deactivate/", users.deactivate, name="user-deactivate"),
    path("users/<uuid:user_id>/shared/", users.shared, name="user-shared"),
]
