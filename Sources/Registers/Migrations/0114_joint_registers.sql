-- To which objects an item applies, beside its department being a regulator: kinds, industries (prefixes) and permits, of
-- which one each must fit. Without any the kind of the entity is the item's object_kind.
ALTER TABLE registers.items
    ADD COLUMN kinds      text[] COLLATE "C" NOT NULL DEFAULT '{}',
    ADD COLUMN industries text[] COLLATE "C" NOT NULL DEFAULT '{}',
    ADD COLUMN permits    text[] COLLATE "C" NOT NULL DEFAULT '{}';

-- The joint registers (联合两库) are computed. For each function: instant is as of when, 'infinity' for everything that
-- the snapshot has; today is the day in Asia/Shanghai.
CREATE FUNCTION registers.joint_items_at(instant timestamptz, today date) RETURNS SETOF registers.items
LANGUAGE sql STABLE AS $$
    SELECT i.* FROM registers.items i
    WHERE i.joint AND i.valid_from <= instant AND (i.valid_to IS NULL OR i.valid_to > instant)
        AND coalesce(i.in_force_from <= today, true) AND coalesce(i.in_force_until >= today, true)
$$;

-- Every object that a joint item applies to, with those items.
CREATE FUNCTION registers.joint_objects_at(instant timestamptz, today date)
RETURNS TABLE (entity text, items text[]) LANGUAGE sql STABLE AS $$
    SELECT e.id, array_agg(i.id ORDER BY i.id)
    FROM registers.joint_items_at(instant, today) i
    JOIN registers.entities e ON i.department = ANY(e.regulators)
        AND CASE WHEN i.kinds = '{}' AND i.industries = '{}' AND i.permits = '{}' THEN e.kind = i.object_kind
            ELSE (i.kinds = '{}' OR e.kind = ANY(i.kinds)) AND (i.permits = '{}' OR e.permits && i.permits)
                AND (i.industries = '{}' OR EXISTS (
                    SELECT FROM unnest(i.industries) AS x (prefix) WHERE starts_with(e.industry, x.prefix)))
            END
    WHERE e.valid_from <= instant AND (e.valid_to IS NULL OR e.valid_to > instant)
    GROUP BY e.id
$$;

-- Every inspector of the departments that have joint items; omitted says why one cannot be sent.
CREATE FUNCTION registers.joint_inspectors_at(instant timestamptz, today date)
RETURNS TABLE (inspector text, department text, specialties text[], omitted text) LANGUAGE sql STABLE AS $$
    SELECT i.id, i.department, i.specialties,
        CASE
            WHEN i.certificate_until IS NULL THEN 'certificate.missing'
            WHEN i.certificate_until < today THEN 'certificate.expired'
            WHEN a.inspector IS NOT NULL THEN 'absent'
        END
    FROM registers.inspectors i
    LEFT JOIN (
        SELECT DISTINCT x.inspector FROM registers.absences_at(instant) x
        WHERE today BETWEEN x.first_day AND x.last_day
    ) a ON a.inspector = i.id
    WHERE i.valid_from <= instant AND (i.valid_to IS NULL OR i.valid_to > instant)
        AND i.department IN (SELECT j.department FROM registers.joint_items_at(instant, today) j)
$$;

-- What the joint registers leave out, and why.
CREATE FUNCTION registers.joint_omissions_at(instant timestamptz, today date)
RETURNS TABLE (register text, id text, department text, reason text) LANGUAGE sql STABLE AS $$
    WITH objects AS MATERIALIZED (SELECT * FROM registers.joint_objects_at(instant, today)),
        staff AS MATERIALIZED (SELECT * FROM registers.joint_inspectors_at(instant, today))
    SELECT 'inspectors', s.inspector, s.department, s.omitted FROM staff s WHERE s.omitted IS NOT NULL
    UNION ALL
    SELECT 'items', i.id, i.department, 'item.no-object' FROM registers.joint_items_at(instant, today) i
    WHERE i.id NOT IN (SELECT unnest(o.items) FROM objects o)
    UNION ALL
    SELECT 'items', i.id, i.department, 'item.no-inspector' FROM registers.joint_items_at(instant, today) i
    WHERE NOT EXISTS (SELECT FROM staff s WHERE s.department = i.department AND s.omitted IS NULL)
        OR EXISTS (
            SELECT FROM unnest(i.specialties) AS n (specialty) WHERE NOT EXISTS (
                SELECT FROM staff s
                WHERE s.department = i.department AND s.omitted IS NULL AND n.specialty = ANY(s.specialties)))
    UNION ALL
    SELECT 'entities', e.id, '', 'entity.no-item' FROM registers.entities e
    WHERE e.valid_from <= instant AND (e.valid_to IS NULL OR e.valid_to > instant)
        AND NOT EXISTS (SELECT FROM objects o WHERE o.entity = e.id)
$$;
