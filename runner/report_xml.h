/* SPDX-License-Identifier: BSD-2-Clause */
/* report_xml.h: libxml2's writer as reports use it: each call says whether it worked, attributes hold only what XML
 * allows.
 *
 * The writer escapes; what no escape can carry (control characters, bytes that are no UTF-8) is replaced here.
 */
#ifndef MRT_REPORT_XML_H
#define MRT_REPORT_XML_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <libxml/xmlwriter.h>

#include "text.h"

#define XML_ATTRIBUTE_MAX 1024 /* bytes of an attribute's value */

static inline bool xml_start(xmlTextWriterPtr writer, const char *element)
{
    return xmlTextWriterStartElement(writer, (const xmlChar *)element) >= 0;
}

static inline bool xml_end(xmlTextWriterPtr writer)
{
    return xmlTextWriterEndElement(writer) >= 0;
}

static inline bool xml_attribute(xmlTextWriterPtr writer, const char *name, const char *value)
{
    struct text clean = {0};
    bool ok;

    text_add_cut(&clean, TEXT_XML, value, strlen(value), XML_ATTRIBUTE_MAX);
    ok = !clean.failed &&
         xmlTextWriterWriteAttribute(writer, (const xmlChar *)name, (const xmlChar *)text_string(&clean)) >= 0;
    text_finish(&clean);
    return ok;
}

static inline bool xml_attribute_number(xmlTextWriterPtr writer, const char *name, uint64_t value)
{
    char digits[24];

    snprintf(digits, sizeof digits, "%llu", (unsigned long long)value);
    return xml_attribute(writer, name, digits);
}

static inline bool xml_attribute_seconds(xmlTextWriterPtr writer, const char *name, double seconds)
{
    struct text digits = {0};
    bool ok;

    text_add_seconds(&digits, seconds, 6);
    ok = !digits.failed && xml_attribute(writer, name, text_string(&digits));
    text_finish(&digits);
    return ok;
}

static inline bool xml_property(xmlTextWriterPtr writer, const char *name, const char *value)
{
    return xml_start(writer, "property") && xml_attribute(writer, "name", name) &&
           xml_attribute(writer, "value", value) && xml_end(writer);
}

#endif
