"""The help of `imggen story`: a file that has everything, and what becomes of it."""

STORY_HELP = """Draw a whole story from a file: portraits, pages and optionally a cover.

The file is YAML. Only title, style and pages are required; for a character only the name:

\b
  title: The Map
  style: watercolor            # imggen styles
  characters:
    - name: Mia
      age: 7
      gender: female           # or male
      species: human           # or fox, bear, ...
      hair: curly red hair
      eyes: green
      skin: light              # or fur
      clothing: a yellow dress
      features: [freckles]
      traits: [brave]
  pages:
    - text: Mia finds a map in the attic.
      characters: [Mia]        # who is in the picture; others are where the text names them
    - text: She follows it to the old oak.
      scene: Mia under a big oak at sunset   # default: taken from the text
      characters: [Mia]
    - text: They talked until the stars came out.
      scene:                   # or only what --plan shows to be read wrongly
        figures:               # then all who are there
          Mia: {doing: [sit by the fire], mood: happy, holding: [a map]}
        place: cave
        time: night            # or dawn, morning, day, evening
  cover:                       # optional; draws a cover
    scene: Mia in front of the old oak, the map in her hand   # or fields, as for a page
    characters: [Mia]          # default: those whom the scene names, or on the most pages
  options:                     # all optional
    cover: true                # default: false, or true where cover is set above
    portraits: true
    scenes: true
    images_per_page: 1         # up to 4, to choose from
    aspect_ratio: 16:9         # or 4:3, 1:1
    model: storybook
    provider: local            # or openai; imggen providers
    quality: hd                # or standard, draft
    min_quality: good          # or draft, fine, best: how good the model must be
    max_cost: 0.10             # dollars for each picture; 0: free models only
    references: true           # draw pages from the portraits; default: set by the service
    allow_reuse: false         # take equal pictures that are stored already, free
    priority: 2                # 1 (first) to 3
    metadata:                  # your own words on its jobs; imggen jobs --meta order=4711
      order: 4711
    post_processing:           # what is done to the pictures; docs/finishing.md
      signature_removal: true  # off: leave what a model paints into a corner as a signature
      background_removal: false      # on: portraits get a transparent background
      colour_correction: true
      sharpening: true
      trim: 210x148            # mm of a printed page: refused under 200 DPI; default: no check
      thumbnail: jpeg          # or webp

Portraits are drawn first, and each page as soon as those of its characters are done. What is
wrong with the file is said with its lines before anything is drawn. The first line is the id of
the batch: `imggen batch download` saves its pictures, too. The same file gives the same batch:
run the same command again after Ctrl-C, a crash or a lost server, and it goes on. So it does
with --again, with and without --no-wait, which begins a new try only once the last one of this
file, in this folder, is drawn and saved: after `imggen batch retry`, too. Ctrl-C stops
watching; the batch continues. At the end comes what it cost, by model, a table of what the
pictures do not show as told: left out, or drawn as something else, and which of them no
classifier has looked at. --plan tells before anything is drawn: who is on each page, where,
doing what, what its model would not show, and which other one would show more.

\b
Examples:
  imggen story map.yaml
  imggen story map.yaml --quote
  imggen story map.yaml --plan
  imggen story map.yaml --again --output second-try --kind print
  imggen story map.yaml --no-wait --json | jq -r .batch.batchId
"""
