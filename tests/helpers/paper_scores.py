"""DeepSSIM with the paper's VGG16 on four levels of the example pairs, from `paper_network.py`.

Computed in float64 by `python tests/helpers/paper_network.py`, which shares no code with the
package; change nothing here by hand. WHOLE is of whole photographs, PARTS of one part of each.
"""

from __future__ import annotations

WHOLE: dict[str, tuple[float, float, float, float]] = {
    "chelsea_blur2.webp": (0.4243847938, 0.6101318827, 0.7834012584, 0.8981640964),
    "chelsea_contrast80.webp": (0.9602321048, 0.9581375476, 0.9322261329, 0.8384093030),
    "chelsea_jpeg10.jpg": (0.2597428908, 0.5310578097, 0.7505993127, 0.7688784410),
    "chelsea_jpeg30.jpg": (0.6581882615, 0.8909470746, 0.9357195056, 0.9606238969),
    "chelsea_jpeg90.jpg": (0.9623346145, 0.9921450390, 0.9945322057, 0.9982802293),
    "chelsea_noise20.webp": (0.4222206169, 0.6877630306, 0.8622170716, 0.9213554454),
    "chelsea_rescale4.webp": (0.4379195344, 0.6642267581, 0.8711797717, 0.9412513496),
    "coffee_blur4.webp": (0.3281422831, 0.3893211614, 0.5760233579, 0.8396656536),
    "coffee_jpeg30.jpg": (0.6953368635, 0.8800760248, 0.9386872020, 0.9750090012),
    "rocket_rescale4.webp": (0.3398815090, 0.5174281171, 0.8495705278, 0.9587660246),
    "rocket_webp10.webp": (0.5295211101, 0.6768387820, 0.7737437571, 0.8152118568),
}

PARTS: dict[str, tuple[float, float, float, float]] = {
    "chelsea_blur2.webp": (0.4020001990, 0.6133680593, 0.8333733121, 0.9682323967),
    "chelsea_contrast80.webp": (0.9369026991, 0.9079466912, 0.8766212096, 0.9294692480),
    "chelsea_jpeg10.jpg": (0.3036435215, 0.5954477409, 0.8540219045, 0.9805271361),
    "chelsea_jpeg30.jpg": (0.6458077136, 0.8593368379, 0.9525530393, 0.9957070621),
    "chelsea_jpeg90.jpg": (0.9297153531, 0.9752837304, 0.9952668735, 0.9998956899),
    "chelsea_noise20.webp": (0.4231545237, 0.7294229712, 0.9353858096, 0.9867638071),
    "chelsea_rescale4.webp": (0.4196766645, 0.6307459451, 0.8916734016, 0.9923140634),
    "coffee_blur4.webp": (0.3584481097, 0.4534274126, 0.5917665872, 0.9196690178),
    "coffee_jpeg30.jpg": (0.6244619363, 0.8410443990, 0.9197883059, 0.9985879763),
    "rocket_rescale4.webp": (0.4994338614, 0.6176722195, 0.9015161883, 0.9753925102),
    "rocket_webp10.webp": (0.4992036021, 0.5864104032, 0.7747353691, 0.8950552814),
}
