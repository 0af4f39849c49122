/* Does agreement depend on the media: its kind, sampling rate, length?
   grain: layer, media_type, container, sample_rate_hz, length
   reads: gold.agreement_item, silver.asset
   owner: analysts
   columns: layer; media_type: audio or video; container: of the file; sample_rate_hz: hertz, NULL without sound;
     length: under 10 s, 10 to 60 s, over 60 s; n_items: objects; minutes: of media; observed_agreement: share on
     which two annotators say the same, weighed by what they compared, 0 to 1
   notes: the same labels at another sampling rate should agree alike; where they do not, listen. Not corrected for
     chance: compare within a layer only. */
SELECT
    i.layer,
    s.media_type,
    s.container,
    s.sample_rate_hz,
    CASE WHEN s.duration_s < 10 THEN 'under 10 s' WHEN s.duration_s <= 60 THEN '10 to 60 s' ELSE 'over 60 s' END
        AS length,
    count(*) AS n_items,
    sum(s.duration_s) / 60 AS minutes,
    1 - sum(i.d_obs) / nullif(sum(i.mass), 0) AS observed_agreement
FROM gold.agreement_item AS i
INNER JOIN silver.asset AS s ON i.asset_id = s.asset_id
WHERE i.n_annotators >= 2
GROUP BY i.layer, s.media_type, s.container, s.sample_rate_hz, length
ORDER BY i.layer, observed_agreement, s.container, s.sample_rate_hz, length
