from django.db import migrations, models


# A product belongs to one participant: its collection, the lot and every infusion of it name the same one.
# Composite keys say it to the database itself, which Django's models cannot express.
ONE_PARTICIPANT = """
    ALTER TABLE infusion_leukapheresis ADD CONSTRAINT leukapheresis_of_participant UNIQUE (id, participant_id);
    ALTER TABLE infusion_cellproduct ADD CONSTRAINT product_of_participant UNIQUE (id, participant_id);
    ALTER TABLE infusion_cellproduct ADD CONSTRAINT product_from_own_cells
        FOREIGN KEY (leukapheresis_id, participant_id) REFERENCES infusion_leukapheresis (id, participant_id);
    ALTER TABLE infusion_infusion ADD CONSTRAINT infusion_of_own_product
        FOREIGN KEY (product_id, participant_id) REFERENCES infusion_cellproduct (id, participant_id);
"""
NOT_SAID = """
    ALTER TABLE infusion_infusion DROP CONSTRAINT infusion_of_own_product;
    ALTER TABLE infusion_cellproduct DROP CONSTRAINT product_from_own_cells;
    ALTER TABLE infusion_cellproduct DROP CONSTRAINT product_of_participant;
    ALTER TABLE infusion_leukapheresis DROP CONSTRAINT leukapheresis_of_participant;
"""


class Migration(migrations.Migration):

    dependencies = [
        ('infusion', '0001_initial'),
        ('participants', '0003_bedside_rounds'),
    ]

    operations = [
        migrations.AddField(
            model_name='cellproduct',
            name='bag_code',
            field=models.CharField(blank=True, max_length=40),
        ),
        migrations.AddField(
            model_name='leukapheresis',
            name='bag_code',
            field=models.CharField(blank=True, max_length=40),
        ),
        migrations.AddConstraint(
            model_name='cellproduct',
            constraint=models.UniqueConstraint(condition=models.Q(('bag_code', ''), _negated=True), fields=('bag_code',), name='product_bag_code_once'),
        ),
        migrations.AddConstraint(
            model_name='leukapheresis',
            constraint=models.UniqueConstraint(condition=models.Q(('bag_code', ''), _negated=True), fields=('bag_code',), name='leukapheresis_bag_code_once'),
        ),
        migrations.RunSQL(ONE_PARTICIPANT, NOT_SAID),
    ]
