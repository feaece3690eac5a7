"""Sites, users, roles at sites, API tokens and sign-ins, all under the trail."""

import django.db.models.deletion
import uuid
from django.conf import settings
from django.db import migrations, models

from trialsite.audit.trail import AddTrail

# A deleted user would free the name, and the trail's "who" would point at nobody or at somebody else.
KEEP_USERS = """
    CREATE FUNCTION public.accounts_user_keep() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        RAISE EXCEPTION 'Users are deactivated, never deleted.' USING ERRCODE = 'restrict_violation';
    END $$;
    CREATE TRIGGER accounts_user_keep BEFORE DELETE ON public.accounts_user
        FOR EACH ROW EXECUTE FUNCTION public.accounts_user_keep();
    ALTER TABLE public.accounts_user ENABLE ALWAYS TRIGGER accounts_user_keep;
"""
RELEASE_USERS = """
    DROP TRIGGER accounts_user_keep ON public.accounts_user;
    DROP FUNCTION public.accounts_user_keep();
"""


class Migration(migrations.Migration):

    initial = True

    dependencies = [("audit", "0001_initial")]

    operations = [
        migrations.CreateModel(
            name='User',
            fields=[
                ('password', models.CharField(max_length=128, verbose_name='password')),
                ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ('recorded_at', models.DateTimeField(editable=False)),
                ('version', models.PositiveIntegerField(default=1, editable=False)),
                ('username', models.CharField(max_length=64, unique=True)),
                ('display_name', models.CharField(max_length=120)),
                ('email', models.EmailField(blank=True, default='', max_length=254)),
                ('is_active', models.BooleanField(default=True)),
            ],
            options={
                'constraints': [models.CheckConstraint(condition=models.Q(('username__regex', '^[a-z0-9][a-z0-9._-]{1,63}$')), name='user_name_form'), models.CheckConstraint(condition=models.Q(('display_name', ''), _negated=True), name='user_display_name_given')],
            },
        ),
        migrations.CreateModel(
            name='Site',
            fields=[
                ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ('recorded_at', models.DateTimeField(editable=False)),
                ('version', models.PositiveIntegerField(default=1, editable=False)),
                ('code', models.CharField(max_length=6, unique=True)),
                ('name', models.CharField(max_length=200)),
                ('name_zh', models.CharField(blank=True, default='', max_length=200)),
                ('time_zone', models.CharField(max_length=64)),
                ('subject_prefix', models.CharField(max_length=4, unique=True)),
            ],
            options={
                'constraints': [models.CheckConstraint(condition=models.Q(('code__regex', '^[A-Z]{2,4}[0-9]{2}$')), name='site_code_form'), models.CheckConstraint(condition=models.Q(('subject_prefix__regex', '^[A-Z0-9]{2,4}$')), name='site_subject_prefix_form')],
            },
        ),
        migrations.CreateModel(
            name='ApiToken',
            fields=[
                ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ('recorded_at', models.DateTimeField(editable=False)),
                ('version', models.PositiveIntegerField(default=1, editable=False)),
                ('name', models.CharField(max_length=80)),
                ('digest', models.CharField(max_length=64, unique=True)),
                ('last4', models.CharField(max_length=4)),
                ('expires_at', models.DateTimeField()),
                ('revoked_at', models.DateTimeField(blank=True, null=True)),
                ('user', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='api_tokens', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'constraints': [models.CheckConstraint(condition=models.Q(('expires_at__gt', models.F('recorded_at'))), name='api_token_expires_later')],
            },
        ),
        migrations.CreateModel(
            name='SignInRecord',
            fields=[
                ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ('recorded_at', models.DateTimeField(editable=False)),
                ('version', models.PositiveIntegerField(default=1, editable=False)),
                ('name_hash', models.CharField(max_length=64)),
                ('ip_address', models.GenericIPAddressField(blank=True, null=True)),
                ('outcome', models.CharField(choices=[('signed_in', 'Signed in'), ('password_refused', 'Name or password refused'), ('second_factor_refused', 'Second factor refused'), ('locked', 'Refused while locked'), ('reauthenticated', 'Confirmed the password again'), ('reauthentication_refused', 'Wrong password when asked again'), ('signed_out', 'Signed out'), ('timed_out', 'Session ended by time'), ('second_factor_added', 'Second factor set up'), ('second_factor_removed', 'Second factor removed'), ('recovery_codes_renewed', 'Recovery codes renewed')], max_length=30)),
                ('user', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='sign_ins', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'indexes': [models.Index(fields=['user', 'recorded_at'], name='sign_in_by_user')],
                'constraints': [models.CheckConstraint(condition=models.Q(('outcome__in', ['signed_in', 'password_refused', 'second_factor_refused', 'locked', 'reauthenticated', 'reauthentication_refused', 'signed_out', 'timed_out', 'second_factor_added', 'second_factor_removed', 'recovery_codes_renewed'])), name='sign_in_outcome_known')],
            },
        ),
        migrations.CreateModel(
            name='Membership',
            fields=[
                ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ('recorded_at', models.DateTimeField(editable=False)),
                ('version', models.PositiveIntegerField(default=1, editable=False)),
                ('role', models.CharField(choices=[('coordinator', 'Coordinator'), ('nurse', 'Nurse'), ('investigator', 'Investigator'), ('admin', 'Admin'), ('auditor', 'Auditor')], max_length=20)),
                ('user', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='memberships', to=settings.AUTH_USER_MODEL)),
                ('site', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='memberships', to='accounts.site')),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('user', 'site', 'role'), name='membership_once', nulls_distinct=False), models.CheckConstraint(condition=models.Q(('role__in', ['coordinator', 'nurse', 'investigator', 'admin', 'auditor'])), name='membership_role_known'), models.CheckConstraint(condition=models.Q(models.Q(('role', 'auditor'), ('site__isnull', True)), models.Q(models.Q(('role', 'auditor'), _negated=True), ('site__isnull', False)), _connector='OR'), name='membership_auditor_everywhere')],
            },
        ),
        AddTrail("user", redact=("password",)),
        AddTrail("site"),
        AddTrail("membership"),
        AddTrail("apitoken", redact=("digest",)),
        AddTrail("signinrecord"),
        migrations.RunSQL(sql=KEEP_USERS, reverse_sql=RELEASE_USERS),
    ]
