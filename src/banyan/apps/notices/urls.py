"""Paths of this app's pages inside a town."""

from __future__ import annotations

from django.urls import URLPattern, path

from banyan.apps.notices.pages import announcements, deliveries, desk, hearing, inbox

urlpatterns: list[URLPattern] = [
    path("news/", inbox.inbox, name="inbox"),
    path("news/read/", inbox.read_all, name="read_all"),
    path("account/hearing/", hearing.hearing, name="hearing"),
    path("hearing/stop/<str:token>/", hearing.stop_news, name="stop_news"),
    path("hearing/confirm/<str:token>/", hearing.confirm_email, name="confirm_email"),
    path("announcements/", announcements.announcements, name="announcements"),
    path("announcements.ics", announcements.announcements_ics, name="announcements_ics"),
    path("announcements/<uuid:announcement_id>/", announcements.one_announcement, name="one_announcement"),
    path("announcements/<uuid:announcement_id>/photo.jpg", announcements.announcement_photo, name="announcement_photo"),
    path("announcements/desk/", desk.desk, name="announcement_desk"),
    path("announcements/desk/new/", desk.new, name="announcement_new"),
    path("announcements/desk/<uuid:announcement_id>/", desk.at_desk, name="announcement_at_desk"),
    path("announcements/desk/<uuid:announcement_id>/edit/", desk.edit, name="announcement_edit"),
    path("announcements/desk/<uuid:announcement_id>/publish/", desk.publish, name="announcement_publish"),
    path("announcements/desk/<uuid:announcement_id>/withdraw/", desk.withdraw, name="announcement_withdraw"),
    path("office/deliveries/", deliveries.deliveries, name="office_deliveries"),
]
